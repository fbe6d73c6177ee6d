"""Multipath on an OFDM signal in the time domain: every path delays the signal exactly.

An OFDM symbol, prefix included, is a sum of complex exponentials exp(j 2 pi k t / T) for -prefix <= t < T, k its
subcarrier and T its useful part. A path of delay tau brings, at a sample of the receiver's FFT window,

    the same symbol a time tau earlier    where the delay hasn't yet eaten the prefix up, else
    the end of the symbol before          (inter-symbol interference)

times the path's gain at that sample (inter-carrier interference where it moves). Both are the inverse FFT of
phase-rotated subcarriers, at any delay, so nothing is truncated as sinc taps are, and within the prefix a channel
at rest agrees with the frequency domain. What a band-limiting filter would add, ringing at the symbols' edges, is
not modelled.
"""

import tensorflow as tf

_SLACK = 1e-3  # samples; a whole delay in samples stays whole in spite of float32


class Multipath:
    """fft_size and prefix in samples, symbols: OFDM symbols of a slot, rate: samples per second.

    Subcarriers are in the FFT's order (0 first). The FFT window of a symbol starts where its prefix ends on the
    path of delay 0: sample prefix + m (prefix + fft_size) of the slot for symbol m.
    """

    def __init__(self, fft_size: int, prefix: int, symbols: int, rate: float):
        self.fft_size, self.prefix, self.symbols, self.rate = fft_size, prefix, symbols, rate
        k = tf.range(fft_size)
        self._subcarrier = tf.cast(tf.where(k < (fft_size + 1) // 2, k, k - fft_size), tf.float32)
        self._sample = tf.range(fft_size, dtype=tf.float32)
        start = prefix + (prefix + fft_size) * tf.range(symbols)
        self._window = start[:, None] + tf.range(fft_size)[None]  # [symbols, N], samples of the slot
        self._samples = symbols * (prefix + fft_size)

    def windows(self, instants, of=None):
        """[..., n] over a slot to [..., symbols, N] at the samples of the FFT windows; [..., 1, 1] where n = 1.

        of: int32 [...], those samples of the slot instead. n = samples of the slot: taken as they are. Any other
        n > 1: n equally spaced instants from the slot's start to its end (n - 1 intervals), between which is
        interpolated linearly."""
        count, window = instants.shape[-1], self._window if of is None else of
        if count == 1:
            return instants[..., None]
        if count == self._samples:
            return tf.gather(instants, window, axis=-1)
        place = tf.cast(window, tf.float32) * ((count - 1) / self._samples)
        before = tf.cast(place, tf.int32)
        weight = tf.cast(place - tf.cast(before, tf.float32), instants.dtype)
        early, late = (tf.gather(instants, before + i, axis=-1) for i in (0, 1))
        return early + weight * (late - early)

    def rotation(self, delay):
        """exp(-j 2 pi k delay / N), complex64 [T, N], for delays in samples float32 [T]."""
        turns = delay[:, None] * self._subcarrier / self.fft_size
        turns -= tf.round(turns)
        return tf.exp(tf.complex(tf.zeros_like(turns), -2 * 3.141592653589793 * turns))

    def own(self, delay):
        """bool [T, N]: the samples of a window at which a path of `delay` samples [T] brings the same symbol."""
        return self._sample + (self.prefix + _SLACK) >= delay[:, None]

    def through(self, sent, gains, delays):
        """sent: complex64 [T, tx, 1 + symbols, N], subcarriers, the symbol before the slot first; gains
        complex64 [T, rx, tx, P, n]; delays float32 [T, P], seconds. Returns samples of the FFT windows, unitary
        scaling, complex64 [T, rx, symbols, N]."""
        delays = tf.transpose(delays * self.rate)
        gains = tf.transpose(gains, [3, 0, 1, 2, 4])
        total = tf.zeros([sent.shape[0], gains.shape[2], self.symbols, self.fft_size], tf.complex64)

        def add(p, total):
            copies = tf.signal.ifft(sent * self.rotation(delays[p])[:, None, None])
            late = tf.roll(copies[:, :, :-1], -self.prefix, axis=-1)
            arriving = tf.where(self.own(delays[p])[:, None, None], copies[:, :, 1:], late)
            return p + 1, total + tf.reduce_sum(self.windows(gains[p]) * arriving[:, None], axis=2)

        paths = gains.shape[0]
        total = tf.while_loop(lambda p, _: p < paths, add, (tf.constant(0), total), maximum_iterations=paths)[1]
        return total * self.fft_size**0.5

    def response(self, gains, delays, oscillator):
        """What each subcarrier keeps of itself, complex64 [T, rx, tx, symbols, N]: the diagonal of the slot's
        channel matrix. oscillator: complex64 [T, n], as gains."""
        delays = tf.transpose(delays * self.rate)
        gains = tf.transpose(gains, [3, 0, 1, 2, 4])
        oscillator = self.windows(oscillator)[:, None, None]
        total = tf.zeros([*gains.shape[1:4], self.symbols, self.fft_size], tf.complex64)

        def add(p, total):
            own = tf.cast(self.own(delays[p]), tf.complex64)[:, None, None, None]
            mean = tf.reduce_mean(self.windows(gains[p]) * oscillator * own, axis=-1, keepdims=True)
            return p + 1, total + mean * self.rotation(delays[p])[:, None, None, None]

        paths = gains.shape[0]
        return tf.while_loop(lambda p, _: p < paths, add, (tf.constant(0), total), maximum_iterations=paths)[1]

    def power(self, gains, delays, used):
        """Mean power of the samples of each FFT window, float32 [T, rx, symbols], over independent symbols of power
        1 / tx on the subcarriers `used`, float32 [N] of 0 and 1, of all OFDM symbols, that before the slot too."""
        slots, _, transmit, paths, instants = gains.shape
        delays = tf.reshape(delays * self.rate, [-1])
        turned = tf.reshape(self.rotation(delays), [slots, paths, -1])
        alike = tf.einsum("tpk,tqk->tpq", turned * tf.cast(used / self.fft_size, tf.complex64), tf.math.conj(turned))
        own = tf.cast(tf.reshape(self.own(delays), [slots, 1, 1, paths, -1]), tf.complex64)

        def of_window(samples):
            here = self.windows(gains, samples[None])[..., 0, :]
            total = 0.0
            for part in (here * own, here * (1 - own)):  # this symbol's and that before's, independent
                power = part * tf.einsum("tpq,trsqn->trspn", alike, tf.math.conj(part))
                total += tf.math.real(tf.reduce_sum(power, axis=(2, 3, 4)))
            return total / (transmit * self.fft_size)

        if instants == 1:
            return tf.tile(of_window(self._window[0])[..., None], [1, 1, self.symbols])
        return tf.transpose(tf.map_fn(of_window, self._window, fn_output_signature=tf.float32), [1, 2, 0])
