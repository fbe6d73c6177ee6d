"""The link: a burst goes in, a reception comes out, and every channel use is billed.

SNR is Es/N0 in dB per data resource element and receive antenna, averaged over fading: all transmit antennas together
have power 1 and E|h|^2 = 1, so N0 = 10^(-SNR/10). Nothing is normalised per row; what fades, fades.
"""

from functools import cache, cached_property

import numpy as np

from linksim.link import qam
from linksim.link.burst import Burst, Draw, Reception
from linksim.link.config import LinkConfig, TransportConfig
from linksim.link.draws import calibration_draw, normal
from linksim.link.grid import Grid
from linksim.link.ledger import bill
from linksim.link.quality import effective_snr, sinr, thinned

__all__ = ["Link", "LinkConfig", "TransportConfig"]


class Link:
    """The air between schemes. Stateless: what it does to a row follows from the row, the SNR and its draw.

    tile: pictures of a compiled call elsewhere; here a call takes four slots for each.
    """

    calibration_draws = staticmethod(calibration_draw)

    def __init__(self, config: LinkConfig, tile: int = 16):
        self.config, self.grid = config, Grid(config.grid, config.antennas.transmit)
        self.channel = config.build_channel()
        self.slot_tile = 4 * tile

    @cached_property
    def air(self):
        """The compiled stage (`linksim.link.air.Air`)."""
        from linksim.link.air import Air

        return Air(self.grid, self.slot_tile, self._estimator, self.config.equaliser, self._searches)

    @cached_property
    def waveform(self):
        """The time domain (`linksim.link.waveform.waveform.Waveform`)."""
        from linksim.link.waveform.waveform import Waveform

        return Waveform(self.config.grid, self.config.impairments, self.slot_tile)

    @cached_property
    def _estimator(self):
        """The channel estimator; None for perfect CSI."""
        from linksim.link.estimation import Estimator, correlations

        if self.config.csi == "perfect":
            return None
        lmmse = self.config.csi == "lmmse"
        return Estimator(self.grid, correlations(self.channel, self.grid) if lmmse else self.config.interpolation)

    @property
    def _searches(self) -> bool:
        """Whether a detector searches a constellation. Of one stream the equaliser keeps all there is to know."""
        return self.config.equaliser == "kbest" and self.grid.streams > 1

    @cached_property
    def transport(self):
        """The 5G transport chain (`linksim.link.transport.Transport`)."""
        from linksim.link.transport import Transport

        chain = self.config.transport
        return Transport(iterations=chain.iterations, rule=chain.rule, table=chain.mcs_table)

    def transmit(self, burst: Burst, snr_db: float, draw: Draw) -> Reception:
        """Send B rows, header first, at a mean SNR of `snr_db` over the channel of their draws.

        With equaliser kbest and several streams the payload's LLRs come from the detector, the header's from the
        LMMSE equaliser. ValueError where the burst breaks its contract (shapes, length, more than unit power)."""
        _check(burst, draw)
        if self._searches and burst.bits_per_symbol is None:
            raise ValueError(self.config.refusal(analog=True))
        code, head = self._header_code(burst), burst.header_uses
        bits = burst.bits_per_symbol if self._searches else None
        symbols = self._symbols(burst, code)
        received, variance, llr = self._over_the_air(symbols, head, head + burst.length, snr_db, draw, bits)
        if code is None:
            header, header_ok = burst.header, np.ones(len(symbols), bool)
        else:
            header, header_ok = code.decode(received[:, :head], variance[:, :head])
        return Reception(received[:, head:], variance[:, head:], header, header_ok, llr)

    def papr_db(self, burst: Burst) -> np.ndarray:
        """float32 [B]: peak-to-average power ratio in dB of each row's waveform before the amplifier, the largest of
        its slots and antennas; -inf where nothing is sent."""
        symbols = self._symbols(burst, self._header_code(burst))
        slots = self.grid.slots(burst.header_uses + burst.length)
        slotted = _fit(symbols, max(int(slots.max()), 1) * self.grid.data_per_slot)
        slotted = slotted.reshape(len(symbols), -1, self.grid.data_per_slot)
        row, slot = np.nonzero(np.arange(slotted.shape[1]) < slots[:, None])
        worst = np.full(len(symbols), -np.inf, np.float32)
        for start in range(0, len(row), self.slot_tile):
            few = slice(start, start + self.slot_tile)
            sent = self.air.mapped(slotted[row[few], slot[few]])
            idle = np.ones((len(sent), 1, sent.shape[1], 1, 1), np.complex64)
            _, extras = self.waveform.send(sent, idle, np.zeros((len(sent), 1), np.float32), 0 * sent[:, :1], 0.0)
            np.maximum.at(worst, row[few], extras["papr_db"])
        return worst

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

    def _over_the_air(self, symbols, head, length, snr_db, draw, bits):
        """Equalised complex64 and variance float32, both [B, M], zero beyond length, and LLRs of the payload float32
        [B, (M - head) * bits] or None; a few rows at a time."""
        parts = [self._few_over_the_air(symbols[few], head, length[few], snr_db, here, bits)
                 for few, here in self._a_few(draw)]
        columns = zip(*parts, strict=True)
        return tuple(None if column[0] is None else np.concatenate(column) for column in columns)

    def _a_few(self, draw):
        """Slices of the rows of a draw and their draws: as many as memory has room for at once."""
        at_once = max(1, self.slot_tile // (self.channel.receive * self.channel.transmit))
        for start in range(0, len(draw.picture), at_once):
            few = slice(start, start + at_once)
            yield few, Draw(draw.seed, draw.picture[few], draw.realisation[few], draw.attempt)

    def _few_over_the_air(self, symbols, head, length, snr_db, draw, bits):
        """Only the slots begun are sent."""
        rows, most = symbols.shape
        slots = self.grid.slots(length)
        longest = max(int(slots.max()), 1)
        row, slot = np.nonzero(np.arange(longest) < slots[:, None])
        slotted = _fit(symbols, longest * self.grid.data_per_slot).reshape(rows, longest, -1)
        received, variance = np.zeros_like(slotted), np.zeros(slotted.shape, np.float32)
        if len(row):
            noise = self._noise(draw, longest)[row, slot]
            out = self._send(slotted, row, slot, noise, 10 ** (-snr_db / 10), draw)
            received[row, slot], variance[row, slot] = out[:2]
        sent = np.arange(most) < length[:, None]
        received, variance = (np.where(sent, _fit(a.reshape(rows, -1), most), 0) for a in (received, variance))
        if bits is None:
            return received, variance, None
        llr = qam.demodulate(received, variance, bits).reshape(rows, most, bits) * sent[..., None]
        if len(row):
            self._search(llr, out[2:], row, slot, head, length)
        return received, variance, llr[:, head:].reshape(rows, -1)

    def _send(self, slotted, row, slot, noise, n0, draw):
        """The slots `slot` of the rows `row` through channel and receiver; see `Air.send`."""
        if self.config.domain == "time":
            return self._send_waveform(slotted, row, slot, noise, n0, draw)
        config, longest = self.grid.config, slotted.shape[1]
        response = self._response(draw, longest, config.frequencies)
        if response.shape[3] > 1:
            response = response.reshape(*response.shape[:3], longest, config.symbols_per_slot, -1)
            response = response[row, :, :, slot]
        else:
            response = response[row]
        return self.air.send(slotted[row, slot], response, noise, n0)

    def _send_waveform(self, slotted, row, slot, noise, n0, draw):
        """In the time domain: gains at several instants of an OFDM symbol, and the slots of a row one after the
        other on the air. The receiver knows the mean power of interference and distortion in each OFDM symbol."""
        config, longest, steps = self.grid.config, slotted.shape[1], self.waveform.instants - 1
        paths = self.channel.paths(draw, longest * steps + 1, config.slot_seconds / steps)
        if paths.gains.shape[4] > 1:
            instants = slot[:, None] * steps + np.arange(steps + 1)
            gains = paths.gains[row[:, None], ..., instants].transpose(0, 2, 3, 4, 1)  # indices lead: [n, N, R, T, P]
        else:
            gains = paths.gains[row]
        oscillator = self.config.impairments.oscillator(draw, config, longest)
        heard = gains, paths.delays[row], None if oscillator is None else oscillator[row, slot]
        sent = self.air.mapped(slotted[row, slot])
        before = np.where((slot > 0)[:, None, None], np.roll(sent[:, :, -1], 1, axis=0), 0)
        received, _ = self.waveform.send(sent, *heard[:2], noise, n0, heard[2], before)
        perfect = self._estimator is None
        response = self.waveform.channel_response(*heard) if perfect else np.ones((len(row), 1, 1, 1, 1), np.complex64)
        interference = self.waveform.interference(*heard[:2], n0, heard[2]).mean(axis=1)  # over the antennas
        return self.air.receive(received, response, interference, n0)

    def _response(self, draw, slots, frequencies):
        """complex64 [B, R, T, N, F], once per OFDM symbol."""
        config = self.grid.config
        return self.channel.response(draw, slots * config.symbols_per_slot, config.symbol_seconds, frequencies)

    def _noise(self, draw, slots):
        """complex64 [B, slots, R, symbols, fft_size], CN(0, 1)."""
        shape = slots, self.grid.config.symbols_per_slot, self.grid.config.fft_size
        purposes = ["noise", *(f"noise {antenna}" for antenna in range(1, self.channel.receive))]
        return np.stack([normal(draw, purpose, int(np.prod(shape))).reshape(-1, *shape) for purpose in purposes], 2)

    def _search(self, llr, kept, row, slot, head, length):
        """Puts the detector's LLRs in the place of the equaliser's on the resource elements that payload alone
        fills; on the one that it shares with the header, and on the last if streams stay silent there, the
        equaliser's stay. llr: [B, M, bits]."""
        received, response = kept
        streams = self.grid.streams
        first = slot[:, None] * self.grid.data_per_slot + streams * np.arange(received.shape[2])  # [n, K]
        n, k = np.nonzero((first >= head) & (first + streams <= length[row][:, None]))
        if len(n):
            found = _detector(streams, llr.shape[2]).llr(received[n, :, k], response[n, :, :, k])
            llr[row[n][:, None], first[n, k][:, None] + np.arange(streams)] = found

    def gain(self, draw: Draw) -> np.ndarray:
        """float32 [B], mean |h|^2 over the first slot of each row's channel and its antennas, for any scheme and
        SNR."""
        return _power(self._response(draw, 1, self.grid.config.frequencies))

    def effective_snr_db(self, draw: Draw, snr_db: float, symbols, bits_per_symbol: int | None = None) -> np.ndarray:
        """float64 [B]: the SNR in dB on AWGN that carries as much mutual information (`linksim.link.esm`) as each
        row's channel does, after equalisation, over the resource elements that `symbols` (int or int [B], header
        included) uses fill. bits_per_symbol: of the constellation; None: Gaussian symbols.

        With one gain for a whole burst and perfect CSI it is snr_db + 10 log10(gain). What the receiver doesn't know
        of the channel counts as noise; interference in the time domain does not."""
        symbols = np.maximum(np.broadcast_to(np.asarray(symbols, np.int64), len(draw.picture)), 1)
        return np.concatenate([self._few_effective_snr_db(here, snr_db, symbols[few], bits_per_symbol)
                               for few, here in self._a_few(draw)])

    def _few_effective_snr_db(self, draw, snr_db, symbols, bits_per_symbol):
        config, n0 = self.grid.config, 10 ** (-snr_db / 10)
        carriers = thinned(len(config.used))
        looked_at, slots = config.used[carriers], int(self.grid.slots(symbols).max())
        if self.channel.frequency_only:
            response = self._response(draw, slots, config.frequencies)[..., looked_at]
        else:
            response = self._response(draw, slots, config.frequencies[looked_at])
        if response.shape[1:] == (1, 1, 1, 1) and self._estimator is None:
            return snr_db + 10 * np.log10(np.maximum(_power(response).astype(np.float64), 1e-30))
        no = n0 if self._estimator is None else np.mean(self._estimator.weights(n0)[1])
        snr = effective_snr(sinr(response, no, self.config.equaliser == "zf"), self.grid, carriers, symbols,
                            bits_per_symbol)
        return 10 * np.log10(np.maximum(snr, 1e-30))

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
        csi = f"ls, {config.interpolation}" if config.csi == "ls" else config.csi
        return {
            "channel": config.channel.model + (f" ({told})" if told else ""),
            "csi": csi,
            "equaliser": config.equaliser,
            "antennas": f"{config.antennas.transmit} transmit, {config.antennas.receive} receive",
            "domain": ", ".join([config.domain, *config.impairments.asked()]),
            "decoder": f"{transport.rule}, {transport.iterations} iterations",
            "mcs_table": transport.mcs_table,
        }


def _power(response: np.ndarray) -> np.ndarray:
    """float32 [B], mean |h|^2 of each row."""
    return np.mean(np.abs(response) ** 2, axis=(1, 2, 3, 4), dtype=np.float64).astype(np.float32)


def _fit(rows: np.ndarray, width: int) -> np.ndarray:
    """[B, M] cut or zero-padded to [B, width]."""
    return np.pad(rows[:, :width], ((0, 0), (0, max(width - rows.shape[1], 0))))


@cache
def _code(bits: int, uses: int, iterations: int, rule: str):
    from linksim.link.headercode import HeaderCode

    return HeaderCode(bits, uses, iterations, rule)


@cache
def _detector(streams: int, bits: int):
    from linksim.link.detector import KBest

    return KBest(streams, bits)


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
    if (over := power > 1.01 + 8 / np.sqrt(np.maximum(length, 1))).any():
        raise ValueError(f"mean power must be 1 per symbol sent: row {int(np.argmax(over))} has "
                         f"{power[over][0]:.2f}")
