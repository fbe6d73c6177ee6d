"""The link: a burst goes in, a reception comes out, and every channel use is billed.

SNR is Es/N0 in dB per data resource element and receive antenna, averaged over fading: all transmit antennas together
have power 1 and E|h|^2 = 1, so N0 = 10^(-SNR/10). Nothing is normalised per row; what fades, fades.
"""

from functools import cache, cached_property

import numpy as np

from linksim.link.burst import Burst, Draw, Reception
from linksim.link.config import LinkConfig, TransportConfig
from linksim.link.draws import calibration_draw
from linksim.link.grid import Grid
from linksim.link.ledger import bill
from linksim.link.passage import Passage
from linksim.link.quality import mean_power, quality_db

__all__ = ["Link", "LinkConfig", "TransportConfig"]


class Link:
    """The air between schemes. Stateless: what it does to a row follows from the row, the SNR and its draw.

    tile: pictures of a compiled call elsewhere; here a call takes four slots for each, fewer with many antennas or
    subcarriers, so that memory has room.
    """

    calibration_draws = staticmethod(calibration_draw)

    def __init__(self, config: LinkConfig, tile: int = 16):
        self.config, self.grid = config, Grid(config.grid, config.antennas.transmit)
        self.channel = config.build_channel()
        pairs, wide = config.antennas.receive * config.antennas.transmit, max(1, config.grid.fft_size // 512)
        self.slot_tile = max(1, 4 * tile // pairs // wide)

    @cached_property
    def passage(self):
        """The way over the air, built when it is first needed."""
        return Passage(self.config, self.channel, self.slot_tile)

    @cached_property
    def transport(self):
        """The 5G transport chain (`linksim.link.transport.Transport`)."""
        from linksim.link.transport import Transport

        chain = self.config.transport
        return Transport(iterations=chain.iterations, rule=chain.rule, table=chain.mcs_table, decoder=chain.decoder)

    def transmit(self, burst: Burst, snr_db: float, draw: Draw) -> Reception:
        """Send B rows, header first, at a mean SNR of `snr_db` over the channel of their draws.

        With equaliser kbest and several streams the payload's LLRs come from the detector, the header's from the
        LMMSE equaliser. ValueError where the burst breaks its contract (shapes, length, more than unit power)."""
        _check(burst, draw)
        searches = self.passage.searches
        if searches and burst.bits_per_symbol is None:
            raise ValueError(self.config.refusal(analog=True))
        code, head = self._header_code(burst), burst.header_uses
        bits = burst.bits_per_symbol if searches else None
        symbols = self._symbols(burst, code)
        received, variance, llr = self.passage.send(symbols, head, head + burst.length, snr_db, draw, bits)
        if code is None:
            header, header_ok = burst.header, np.ones(len(symbols), bool)
        else:
            header, header_ok = code.decode(received[:, :head], variance[:, :head])
        return Reception(received[:, head:], variance[:, head:], header, header_ok, llr)

    def papr_db(self, burst: Burst) -> np.ndarray:
        """float32 [B]: peak-to-average power ratio in dB of each row's waveform before the amplifier, the largest of
        its slots and antennas; -inf where nothing is sent."""
        symbols = self._symbols(burst, self._header_code(burst))
        return self.passage.papr_db(symbols, burst.header_uses + burst.length)

    def _symbols(self, burst: Burst, code) -> np.ndarray:
        """complex64 [B, header uses + N], nothing beyond what is sent."""
        sent = np.arange(burst.symbols.shape[1]) < burst.length[:, None]
        symbols = np.where(sent, burst.symbols, 0).astype(np.complex64)
        return symbols if code is None else np.concatenate([code.encode(burst.header), symbols], axis=1)

    def _header_code(self, burst: Burst):
        bits, uses, transport = burst.header.shape[1], burst.header_uses, self.config.transport
        if (bits == 0) != (uses == 0):
            raise ValueError(f"a header of {bits} bits can't take {uses} channel uses")
        return _code(bits, uses, transport.iterations, transport.rule) if bits else None

    def gain(self, draw: Draw) -> np.ndarray:
        """float32 [B], mean |h|^2 over the first slot of each row's channel and its antennas, for any scheme and
        SNR."""
        return np.concatenate([mean_power(self.passage.response(here, 1, self.grid.config.frequencies))
                               for _, here in self.passage.a_few(draw)])

    def effective_snr_db(self, draw: Draw, snr_db: float, symbols, bits_per_symbol: int | None = None) -> np.ndarray:
        """float64 [B]: the SNR in dB on AWGN that carries as much mutual information (`linksim.link.esm`) as each
        row's channel does, after equalisation, over the resource elements that `symbols` (int or int [B], header
        included) uses fill. bits_per_symbol: of the constellation; None: Gaussian symbols.

        With one gain for a whole burst and perfect CSI it is snr_db + 10 log10(gain). What the receiver doesn't know
        of the channel counts as noise, and so do interference and distortion in the time domain."""
        symbols = np.maximum(np.broadcast_to(np.asarray(symbols, np.int64), len(draw.picture)), 1)
        return np.concatenate([quality_db(self.passage, here, snr_db, symbols[few], bits_per_symbol)
                               for few, here in self.passage.a_few(draw)])

    def ledger(self, burst: Burst) -> dict[str, np.ndarray]:
        """purpose -> int32 [B], header and pilots included; sums to `uses(header_uses + length)`."""
        return bill(burst, self.grid)

    def uses(self, symbols) -> np.ndarray:
        """Channel uses that `symbols` header and payload symbols take, pilots included, int64 [B]."""
        return self.grid.uses(symbols)

    def capacity(self, uses) -> np.ndarray:
        """The most header and payload symbols that fit in `uses` channel uses, int64 [B]."""
        return self.grid.capacity(uses)

    def declared(self) -> dict[str, str]:
        """What a figure must say of this link."""
        config, transport = self.config, self.config.transport
        channel = config.channel.model_dump(mode="json", exclude={"model"}, exclude_none=True)
        told = ", ".join(f"{key} {value}" for key, value in channel.items())
        whose = {"flooding": "", "layered": ", layered", "sionna": ", Sionna's, stopped early"}[transport.decoder]
        csi = f"ls, {config.interpolation}" if config.csi == "ls" else config.csi
        return {
            "channel": config.channel.model + (f" ({told})" if told else ""),
            "csi": csi,
            "equaliser": config.equaliser,
            "antennas": f"{config.antennas.transmit} transmit, {config.antennas.receive} receive",
            "domain": ", ".join([config.domain, *config.impairments.asked()]),
            "decoder": f"{transport.rule}, {transport.iterations} iterations{whose}",
            "mcs_table": transport.mcs_table,
        }


@cache
def _code(bits: int, uses: int, iterations: int, rule: str):
    from linksim.link.headercode import HeaderCode

    return HeaderCode(bits, uses, iterations, rule)


def _check(burst: Burst, draw: Draw) -> None:
    """The contract of a burst. Power is checked against gross mistakes only (a power of 2 is one): a row of
    QAM symbols has mean power 1 in expectation, not exactly."""
    rows, most = burst.symbols.shape
    if rows == 0:
        raise ValueError("burst has no rows")
    length = np.asarray(burst.length)
    for name, array in {"length": length, "header": burst.header, "draw": draw.picture}.items():
        if len(array) != rows:
            raise ValueError(f"burst has {rows} rows of symbols but {len(array)} of {name}")
    if (length < 0).any() or (length > most).any():
        raise ValueError(f"length must lie in 0..{most}, got {length.min()}..{length.max()}")
    energy = np.square(np.abs(burst.symbols)) * (np.arange(most) < length[:, None])
    power = energy.sum(axis=1, dtype=np.float64) / np.maximum(length, 1)
    if (over := ~(power <= 1.01 + 8 / np.sqrt(np.maximum(length, 1)))).any():  # NaN is over
        raise ValueError(f"mean power must be 1 per symbol sent: row {int(np.argmax(over))} has "
                         f"{power[over][0]:.2f}")
