"""From received signals and channel to symbols and the noise left on them.

On each resource element, with R receive antennas and S streams of unit power,

    y = H x + n,   E|n|^2 = N0 per antenna           z_k = x_k + e_k,   E|e_k|^2 = no_eff of stream k

One stream: maximum ratio combining, z = h^H y / |h|^2, no_eff = N0 / |h|^2; zero forcing and the unbiased LMMSE
equaliser are the same there. Several: LMMSE, G = (H^H H + N0 I)^-1 H^H, made unbiased by the diagonal of G H, and
no_eff = 1 / (G H)_kk - 1 (Tse and Viswanath, "Fundamentals of Wireless Communication", section 8.3.3); zero forcing,
G = (H^H H)^-1 H^H, no_eff = N0 [(H^H H)^-1]_kk. What goes on is no_eff and not N0: demapping with N0 costs 4 to 5
dB at 16-QAM.

G comes from a QR decomposition of H over sqrt(N0) I by Gram-Schmidt (the square-root form: Hassibi, "An efficient
square-root algorithm for BLAST", ICASSP 2000): no product H^H H is formed, whose Cholesky decomposition fails on
nearly singular channels in float32.
"""

_ALMOST_ZERO = 1e-9  # zero forcing's share of the channel's power in place of N0
_LEAST = 1e-7  # (G H)_kk below which float32 says nothing
_SILENT = 1e-18  # power of a channel that isn't there: its symbols are noise of a huge but finite variance


def combine(received, response, n0):
    """One stream. received: complex [T, R, K]; response: complex [T, R, K or 1]; n0: float or [K], noise variance.

    Returns the unbiased symbols (complex [T, K]) and their noise variance (float [T, K or 1])."""
    import tensorflow as tf

    energy = tf.reduce_sum(tf.square(tf.math.real(response)) + tf.square(tf.math.imag(response)), axis=1)
    energy = tf.maximum(energy, _SILENT)
    symbols = tf.reduce_sum(received * tf.math.conj(response), axis=1) / tf.cast(energy, received.dtype)
    return symbols, n0 / energy


def separate(received, response, n0, zero_forcing=False):
    """Several streams. received: complex [T, R, K]; response: complex [T, R, S, K or 1], of streams of unit power;
    n0: float or [K], noise variance.

    Returns unbiased symbols and their noise variances, complex and float [T, S, K]."""
    import tensorflow as tf

    antennas, streams = response.shape[1:3]
    power = tf.reduce_sum(tf.square(tf.abs(response)), axis=(1, 2))  # [T, K or 1]
    loading = tf.maximum(_ALMOST_ZERO * power, _SILENT) if zero_forcing else tf.zeros_like(power) + n0
    root = tf.cast(tf.sqrt(loading), response.dtype)[:, None]
    response = response + tf.zeros_like(root)[:, None]
    columns = [tf.concat([response[:, :, k], *(root if j == k else tf.zeros_like(root) for j in range(streams))], 1)
               for k in range(streams)]  # each [T, R + S, K or 1]
    q = []
    for k in range(streams):
        q.append(columns[k] / tf.cast(_norm(columns[k]), response.dtype))
        for j in range(k + 1, streams):
            columns[j] -= q[k] * _dot(q[k], columns[j])
    symbols, variance = [], []
    for k in range(streams):
        tail = [q[j][:, antennas + k] for j in range(streams)]  # row k of sqrt(loading) R^-1
        row = sum(a[:, None] * tf.math.conj(b[:, :antennas]) for a, b in zip(tail, q, strict=True))
        lost = sum(tf.square(tf.abs(a)) for a in tail)  # loading [(H^H H + loading I)^-1]_kk = 1 - (G H)_kk
        through = tf.maximum(1 - lost, _LEAST)
        scale = tf.cast(through * tf.sqrt(loading), received.dtype)
        symbols.append(tf.reduce_sum(row * received, axis=1) / scale)
        variance.append(n0 / loading * lost / through)
    return tf.stack(symbols, 1), tf.stack(variance, 1) + tf.zeros_like(tf.math.real(received[:, :1]))


def _norm(column):
    import tensorflow as tf

    return tf.sqrt(tf.reduce_sum(tf.square(tf.abs(column)), axis=1, keepdims=True))


def _dot(left, right):
    import tensorflow as tf

    return tf.reduce_sum(tf.math.conj(left) * right, axis=1, keepdims=True)
