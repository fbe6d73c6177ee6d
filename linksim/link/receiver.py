"""The receiver of a single antenna.

    y = h x + n,  n ~ CN(0, N0)      z = y / h = x + n / h,  effective noise variance N0 / |h|^2

Zero forcing and the unbiased LMMSE equaliser are the same here. It must hand on the effective variance, not
N0: demapping with N0 costs 4 to 5 dB at 16-QAM.
"""


def equalise(received, response, n0):
    """received, response: complex tensors that broadcast; n0: float, noise variance per resource element.

    Returns the unbiased symbols (complex, shape of `received`) and their noise variance (float, shape of
    `response`)."""
    import tensorflow as tf

    energy = tf.square(tf.math.real(response)) + tf.square(tf.math.imag(response))
    symbols = received * tf.math.conj(response) / tf.cast(energy, received.dtype)
    return symbols, n0 / energy
