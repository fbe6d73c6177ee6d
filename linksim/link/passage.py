"""The way of rows of symbols over the air: cut into slots, through channel and receiver, and put together again."""

from functools import cache, cached_property

import numpy as np

from linksim.link import qam
from linksim.link.burst import Draw
from linksim.link.channels.base import Channel
from linksim.link.config import LinkConfig
from linksim.link.draws import normal
from linksim.link.grid import Grid


class Passage:
    """Of a link's configuration and channel. slot_tile: slots of a compiled call."""

    def __init__(self, config: LinkConfig, channel: Channel, slot_tile: int):
        self.config, self.channel, self.slot_tile = config, channel, slot_tile
        self.grid = Grid(config.grid, config.antennas.transmit)

    @cached_property
    def air(self):
        """The compiled stage (`linksim.link.air.Air`)."""
        from linksim.link.air import Air

        return Air(self.grid, self.slot_tile, self.estimator, self.config.equaliser, self.searches)

    @cached_property
    def waveform(self):
        """The time domain (`linksim.link.waveform.waveform.Waveform`)."""
        from linksim.link.waveform.waveform import Waveform

        return Waveform(self.config.grid, self.config.impairments, self.slot_tile, self.channel.doppler_hz)

    @cached_property
    def estimator(self):
        """The channel estimator; None for perfect CSI."""
        from linksim.link.estimation import Estimator, correlations

        if self.config.csi == "perfect":
            return None
        if self.config.csi == "ls":
            return Estimator(self.grid, self.config.interpolation)
        (time, frequency), grid = correlations(self.channel, self.grid), self.config.grid
        if self.config.impairments.turns:
            time = time * self.config.impairments.correlation(grid)
        return Estimator(self.grid, (time, frequency))

    @property
    def searches(self) -> bool:
        """Whether a detector searches a constellation. Of one stream the equaliser keeps all there is to know."""
        return self.config.equaliser == "kbest" and self.grid.streams > 1

    def send(self, symbols, head, length, snr_db, draw, bits):
        """symbols: complex64 [B, M], zero behind each row's `length`; the first `head` are the header's. bits: per
        symbol of the payload where `searches`, else None.

        Returns equalised symbols complex64 and noise variance float32, both [B, M], zero beyond length, and LLRs of
        the payload float32 [B, (M - head) * bits] or None."""
        parts = [self._send_few(symbols[few], head, length[few], snr_db, here, bits)
                 for few, here in self.a_few(draw)]
        columns = zip(*parts, strict=True)
        return tuple(None if column[0] is None else np.concatenate(column) for column in columns)

    def a_few(self, draw):
        """Slices of the rows of a draw and their draws: as many as memory has room for at once."""
        for start in range(0, len(draw.picture), self.slot_tile):
            few = slice(start, start + self.slot_tile)
            yield few, Draw(draw.seed, draw.picture[few], draw.realisation[few], draw.attempt)

    def _send_few(self, symbols, head, length, snr_db, draw, bits):
        """Only the slots begun are sent."""
        rows, most = symbols.shape
        slots = self.grid.slots(length)
        longest = max(int(slots.max()), 1)
        row, slot = np.nonzero(np.arange(longest) < slots[:, None])
        slotted = _fit(symbols, longest * self.grid.data_per_slot).reshape(rows, longest, -1)
        received, variance = np.zeros_like(slotted), np.zeros(slotted.shape, np.float32)
        if len(row):
            noise = self._noise(draw, longest)[row, slot]
            through = self._over_time if self.config.domain == "time" else self._over_frequency
            if self.config.impairments.clipping_db is not None:
                slotted = self._shared(slotted, length)
            out = through(slotted, row, slot, noise, 10 ** (-snr_db / 10), draw)
            received[row, slot], variance[row, slot] = out[:2]
        sent = np.arange(most) < length[:, None]
        received, variance = (np.where(sent, _fit(a.reshape(rows, -1), most), 0) for a in (received, variance))
        if bits is None:
            return received, variance, None
        llr = qam.demodulate(received, variance, bits).reshape(rows, most, bits) * sent[..., None]
        if len(row):
            self._search(llr, out[2:], row, slot, head, length)
        return received, variance, llr[:, head:].reshape(rows, -1)

    def _over_frequency(self, slotted, row, slot, noise, n0, draw):
        """The slots `slot` of the rows `row` through channel and receiver; see `Air.send`."""
        config, longest = self.grid.config, slotted.shape[1]
        response = self.response(draw, longest, config.frequencies)
        if response.shape[3] > 1:
            response = response.reshape(*response.shape[:3], longest, config.symbols_per_slot, -1)
            response = response[row, :, :, slot]
        else:
            response = response[row]
        return self.air.send(slotted[row, slot], response, noise, n0)

    def _over_time(self, slotted, row, slot, noise, n0, draw):
        """The same in the time domain: gains at several instants of an OFDM symbol, and the slots of a row one after
        the other on the air. The receiver knows the mean power of interference and distortion in each OFDM symbol."""
        heard = self._heard(row, slot, slotted.shape[1], draw)
        sent = self.air.mapped(slotted[row, slot])
        before = np.where((slot > 0)[:, None, None], np.roll(sent[:, :, -1], 1, axis=0), 0)
        received, _ = self.waveform.send(sent, *heard[:2], noise, n0, heard[2], before)
        perfect = self.estimator is None
        response = self.waveform.channel_response(*heard) if perfect else np.ones((len(row), 1, 1, 1, 1), np.complex64)
        return self.air.receive(received, response, self._interference(heard, n0), n0)

    def _shared(self, slotted, length):
        """What a row leaves free in its last slot belongs to others: unit QPSK there, so that the amplifier's gain and
        distortion are those of a full grid, which the receiver takes them for."""
        rows, slots, each = slotted.shape
        others = np.exp(0.5j * np.pi * (np.random.Philox(key=51407).random_raw(each) >> 62) + 0.25j * np.pi)
        sent = np.arange(slots * each).reshape(slots, each) < length[:, None, None]
        return np.where(sent, slotted, others.astype(np.complex64))

    def _heard(self, row, slot, slots, draw):
        """Gains, delays and oscillator of the slots `slot` of the rows `row`, as `Waveform.send` takes them. A path
        that comes later than an OFDM symbol is all interference, and stays so where it comes after just one."""
        config, steps = self.grid.config, self.waveform.instants - 1
        paths = self.channel.paths(draw, slots * steps + 1, config.slot_seconds / steps)
        if paths.gains.shape[4] > 1:
            instants = slot[:, None] * steps + np.arange(steps + 1)
            gains = paths.gains[row[:, None], ..., instants].transpose(0, 2, 3, 4, 1)  # indices lead: [n, N, R, T, P]
        else:
            gains = paths.gains[row]
        oscillator = self.config.impairments.oscillator(draw, config, slots)
        delays = np.minimum(paths.delays, np.nextafter(np.float32(config.symbol_seconds), np.float32(0)))
        return gains, delays[row], None if oscillator is None else oscillator[row, slot]

    def _interference(self, heard, n0):
        """float32 [n, symbols], the mean over the antennas."""
        return self.waveform.interference(*heard[:2], n0, heard[2]).mean(axis=1)

    def noise_variance(self, interference, n0):
        """float [B, N, 1], N0 with each OFDM symbol's own interference, float32 [B, N], and the mean over its slot of
        what estimation adds."""
        slots = interference.reshape(-1, self.grid.config.symbols_per_slot)
        there = slots[:, self.grid.config.data[0]]
        added = np.mean(self.air.noise_variance(slots, n0)[1] - there, axis=1, keepdims=True)
        return (slots + added).reshape(*interference.shape, 1)

    def seen(self, draw, slots, n0):
        """What a receiver that knows it all sees of the channel in the time domain: response complex64 [B, R, T,
        N, fft_size] and power of interference and distortion float32 [B, N], N the OFDM symbols of `slots` slots."""
        rows = len(draw.picture)
        row, slot = (index.ravel() for index in np.indices((rows, slots)))
        heard = self._heard(row, slot, slots, draw)
        response = self.waveform.channel_response(*heard)
        response = np.moveaxis(response.reshape(rows, slots, *response.shape[1:]), 1, 3)
        response = response.reshape(*response.shape[:3], -1, response.shape[-1])
        return response, self._interference(heard, n0).reshape(rows, -1)

    def response(self, draw, slots, frequencies):
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

    def papr_db(self, symbols: np.ndarray, length: np.ndarray) -> np.ndarray:
        """See `Link.papr_db`; symbols and length as for `send`."""
        slots = self.grid.slots(length)
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


def _fit(rows: np.ndarray, width: int) -> np.ndarray:
    """[B, M] cut or zero-padded to [B, width]."""
    return np.pad(rows[:, :width], ((0, 0), (0, max(width - rows.shape[1], 0))))


@cache
def _detector(streams: int, bits: int):
    from linksim.link.detector import KBest

    return KBest(streams, bits)
