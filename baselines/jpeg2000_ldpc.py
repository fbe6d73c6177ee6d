"""JPEG2000, 5G NR LDPC and QAM. See `baselines.separate.scheme` for how a picture is sent, and every policy."""

from baselines.codecs.jpeg2000 import Jpeg2000
from baselines.separate.scheme import SeparateScheme
from linksim.registry import register


@register("scheme", "jpeg2000_ldpc")
class Jpeg2000Ldpc(SeparateScheme):
    """JPEG2000 + 5G LDPC + QAM, the MCS chosen per SNR on calibration pictures."""

    def make_codec(self) -> Jpeg2000:
        return Jpeg2000()
