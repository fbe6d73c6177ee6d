"""JPEG2000, 5G NR LDPC and QAM. See `baselines.separate.scheme` for how a picture is sent, and every policy.

Where the front of a codestream may be shown alone (`failure: prefix`, `layers`), it has three quality layers, which
end at a quarter, half and all of its bytes. Measured on eight scenes of 256 x 256 at 800, 1,600 and 4,000 bytes:
received whole, a layered picture loses .15, .08 and .08 dB of PSNR to one in a single layer; cut at half its bytes, it
is .96, .85 and 2.1 dB better.

What `prefix` gives follows the channel: on scenes in 10,400 uses at 16-QAM 2/3 and 12 dB, 96 receptions, a tapped delay
line of moving receivers (tdl-a, 30 km/h) loses 46 % of the pictures where `drop` loses 70 %, and mean PSNR (grey
pictures included) rises from 20.9 to 23.0 dB; slow Rayleigh fading takes all code blocks at once, and 41 % stand beside
42 %, 24.1 dB beside 24.0.
"""

from baselines.codecs.jpeg2000 import LAYERS, Jpeg2000
from baselines.separate.scheme import SeparateScheme
from linksim.registry import register


@register("scheme", "jpeg2000_ldpc")
class Jpeg2000Ldpc(SeparateScheme):
    """JPEG2000 + 5G LDPC + QAM, the MCS chosen per SNR on calibration pictures."""

    progressive = True

    def make_codec(self) -> Jpeg2000:
        return Jpeg2000(LAYERS if self.layered else ())
