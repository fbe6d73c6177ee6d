"""A slot of OFDM in the time domain: amplifier, multipath, oscillator, noise, converter, FFT; compiled once."""

from math import ceil

import numpy as np
import tensorflow as tf

from linksim.errors import UserError
from linksim.link.grid import GridConfig
from linksim.link.waveform.impairments import ImpairmentsConfig
from linksim.link.waveform.multipath import Multipath
from linksim.link.waveform.nonlinear import clip, converter, limiter, quantise
from linksim.tiles import in_tiles


class Waveform:
    """The time-domain way of slots of the OFDM grid `grid`, with `impairments`. tile: slots of a compiled call.

    Powers, delays and noise are those of the frequency domain: without impairments, on a channel at rest whose
    delays stay within the cyclic prefix, both give the same grid up to float32. Subcarrier i of fft_size lies at
    (i - fft_size // 2) * subcarrier_spacing. The FFT window of an OFDM symbol starts where its prefix ends on the
    path of delay 0: the receiver is synchronised to it. Gains and oscillator are taken at n instants of the slot:
    1 where nothing moves; its `samples`, from 0 on, prefixes included; or any other n, equally spaced from the
    slot's start to its end (n - 1 intervals) with linear interpolation between, for which `instants` is plenty: 8 an
    OFDM symbol, and 32 a turn of `doppler_hz` (Hz), whose chords lose 0.6 % of the power at most.

    Power amplifier: one per transmit antenna, soft limiter `clipping_db` over the mean power of a full grid (1 /
    tx per used resource element), at the sampling rate, so that all its distortion falls in the band. Its output
    is scaled to that mean power again, by a constant for complex Gaussian signals, so the SNR keeps its meaning:
    of the power 1, `distortion` is distortion.
    Converter: its gain control follows the mean power of a slot's FFT windows on each receive antenna, noise
    included; its loading is the best for a Gaussian signal (`nonlinear.converter`); what it takes of the
    amplitude on average is given back after it.
    """

    def __init__(self, grid: GridConfig, impairments: ImpairmentsConfig | None = None, tile: int = 64,
                 doppler_hz: float = 0.0):
        self.grid, self.impairments, self.tile = grid, impairments or ImpairmentsConfig(), tile
        self.impairments.check(grid)
        self.samples = grid.symbols_per_slot * (grid.fft_size + grid.cyclic_prefix)
        self.instants = 1 + grid.symbols_per_slot * max(8, ceil(32 * doppler_hz * grid.symbol_seconds))
        self.rate = grid.fft_size * grid.subcarrier_spacing
        self._path = Multipath(grid.fft_size, grid.cyclic_prefix, grid.symbols_per_slot, self.rate)
        clipping = self.impairments.clipping_db
        self._level, self.gain, self.distortion = (None, 1.0, 0.0) if clipping is None else limiter(clipping)
        stages = self._slot, self._seen, self._unwanted
        self._send, self._response, self._interference = (tf.function(stage, jit_compile=True) for stage in stages)

    def send(self, sent, gains, delays, noise, n0: float, oscillator=None, before=None):
        """Send T slots.

        sent: complex64 [T, tx, symbols, fft_size], the frequency-domain grid with pilots and guards.
        gains: complex64 [T, rx, tx, P, n]; delays: float32 [T, P], seconds, at least 0, at most one OFDM symbol.
        noise: complex64 [T, rx, symbols, fft_size], CN(0, 1) per resource element; n0: its power there, float.
        oscillator: complex64 [T, n], e.g. of `ImpairmentsConfig.oscillator`; None: 1.
        before: complex64 [T, tx, fft_size], the OFDM symbol on the air before the slot; None: silence.

        Returns the received grid complex64 [T, rx, symbols, fft_size] and {"papr_db": float32 [T]}: before the
        amplifier, the largest sample's power of the slot on any antenna, over the mean power of a full grid.
        ValueError for other shapes, UserError for longer delays."""
        sent = np.asarray(sent, np.complex64)
        slots, transmit = sent.shape[:2]
        if sent.shape[2:] != noise.shape[2:] or sent.shape[2:] != (self.grid.symbols_per_slot, self.grid.fft_size):
            raise ValueError(f"sent {sent.shape} and noise {noise.shape} must end in symbols and subcarriers "
                             f"({self.grid.symbols_per_slot}, {self.grid.fft_size})")
        oscillator = self._checked(gains, delays, oscillator)
        before = np.zeros_like(sent[:, :, 0]) if before is None else before
        before, n0 = np.broadcast_to(before, (slots, transmit, self.grid.fft_size)), np.float32(n0)
        received, papr = in_tiles(lambda *rows: self._send(*rows, n0), self.tile,
                                  np.concatenate([before[:, :, None], sent], axis=2), gains, delays, oscillator, noise)
        return received, {"papr_db": papr}

    def channel_response(self, gains, delays, oscillator=None) -> np.ndarray:
        """Perfect CSI, complex64 [T, rx, tx, symbols, fft_size]: the share of every resource element that comes
        back on it, averaged over the FFT window, with the oscillator's mean rotation, the amplifier's gain and
        what late paths lose. All else that is received is interference, distortion and noise. Arguments as of
        `send`."""
        oscillator = self._checked(gains, delays, oscillator)
        return in_tiles(self._response, self.tile, gains, delays, oscillator)

    def interference(self, gains, delays, n0: float, oscillator=None) -> np.ndarray:
        """What `channel_response` leaves out beside the noise, float32 [T, rx, symbols]: the mean power of interference
        and distortion per used resource element, over independent symbols of power 1 / tx, also before the slot. A
        receiver that adds it to n0 knows its noise variance. 0 where it is below float32. With guards a bound: what
        other subcarriers' interference loses to them is counted. Arguments as of `send`."""
        oscillator, n0 = self._checked(gains, delays, oscillator), np.float32(n0)
        return in_tiles(lambda *rows: self._interference(*rows, n0), self.tile, gains, delays, oscillator)

    def _checked(self, gains, delays, oscillator):
        slots = len(gains)
        oscillator = np.ones((slots, 1), np.complex64) if oscillator is None else oscillator
        if len(delays) != slots or len(oscillator) != slots or gains.shape[3] != delays.shape[1]:
            raise ValueError(f"gains {gains.shape}, delays {delays.shape} and oscillator {oscillator.shape} don't "
                             "agree in slots or paths")
        longest = (self.grid.fft_size + self.grid.cyclic_prefix) / self.rate
        if not (np.min(delays) >= 0 and np.max(delays) <= longest):
            raise UserError("link.channel: path delays must lie between 0 and one OFDM symbol "
                            f"({longest * 1e6:.4g} us), got {np.min(delays) * 1e6:.4g} to {np.max(delays) * 1e6:.4g} "
                            "us. Take a smaller delay spread or subcarrier spacing, or domain: frequency.")
        return oscillator

    def _slot(self, sent, gains, delays, oscillator, noise, n0):
        sent = tf.signal.ifftshift(sent, axes=-1)
        mean = len(self.grid.used) / (self.grid.fft_size * sent.shape[1])
        papr, sent = self._amplify(sent, mean)
        samples = self._path.through(sent, gains, delays) * self._path.windows(oscillator)[:, None]
        noise = tf.cast(tf.sqrt(n0), tf.complex64) * tf.signal.ifftshift(noise, axes=-1)
        if self.impairments.adc_bits is None:
            received = self._to_grid(samples) + noise
        else:
            received = self._to_grid(self._convert(samples + self._to_samples(noise)))
        return tf.signal.fftshift(received, axes=-1), papr

    def _amplify(self, sent, mean):
        """PAPR of the slots and what the amplifiers make of them. A limiter keeps the prefix a copy of the symbol's
        end, so an OFDM symbol stays a sum of subcarriers."""
        samples = self._to_samples(sent)
        peak = tf.reduce_max(tf.square(tf.abs(samples[:, :, 1:])), axis=(1, 2, 3))
        papr = 10 / np.log(10) * tf.math.log(tf.maximum(peak / mean, 1e-30))
        if self._level is None:
            return papr, sent
        scale = (-np.expm1(-(self._level**2))) ** -0.5
        return papr, self._to_grid(clip(samples, self._level * mean**0.5) * tf.cast(scale, tf.complex64))

    def _convert(self, samples):
        bits = self.impairments.adc_bits
        step, distortion = converter(bits)
        power = tf.reduce_mean(tf.square(tf.abs(samples)), axis=(2, 3), keepdims=True)
        return quantise(samples, step * tf.sqrt(tf.maximum(power, 1e-30) / 2), bits) / (1 - distortion)

    def _seen(self, gains, delays, oscillator):
        return tf.signal.fftshift(self._path.response(gains, delays, oscillator) * self.gain, axes=-1)

    def _unwanted(self, gains, delays, oscillator, n0):
        size, used = self.grid.fft_size, np.isin(np.arange(self.grid.fft_size), self.grid.used).astype(np.float32)
        per_sample = self._path.power(gains, delays, np.fft.ifftshift(used))
        kept = tf.reduce_mean(tf.square(tf.abs(self._seen(gains, delays, oscillator))), axis=2) * used
        linear = self.gain**2 * per_sample * (size / used.sum())  # the subcarriers' interference stays among them
        rest = linear - tf.reduce_sum(kept, axis=-1) / used.sum()
        rest = tf.where(rest > 1e-5 * linear, rest, 0) + self.distortion * per_sample  # while distortion is white
        if self.impairments.adc_bits is None:
            return rest
        distortion = converter(self.impairments.adc_bits)[1]
        return rest + distortion / (1 - distortion) * (tf.reduce_mean(per_sample, axis=-1, keepdims=True) + n0)

    def _to_samples(self, grid):
        return tf.signal.ifft(grid) * self.grid.fft_size**0.5

    def _to_grid(self, samples):
        return tf.signal.fft(samples) / self.grid.fft_size**0.5
