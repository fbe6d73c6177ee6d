"""AVIF, 5G NR LDPC and QAM: the chain of `baselines.separate.scheme` around a codec of today."""

from baselines.codecs.avif import Avif
from baselines.separate.scheme import SeparateScheme
from linksim.registry import register


@register("scheme", "avif_ldpc")
class AvifLdpc(SeparateScheme):
    """AVIF (libaom, speed 6) + 5G LDPC + QAM, the MCS chosen per SNR on calibration pictures."""

    def make_codec(self) -> Avif:
        return Avif(self.bench.size)
