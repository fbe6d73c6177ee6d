"""A moving channel at many instants, evaluated at few.

A gain whose Doppler shifts stay within f_D is smooth on the scale of 1/f_D. Where the instants asked for lie closer
than a 256th of that (the samples of a time-domain waveform do), the model is evaluated 64 times per 1/f_D and the rest
follows by cubic Lagrange interpolation; its error is below (2 pi/64)^4 / 24 = 4e-6 of a component's amplitude.
h(t) is therefore one function of time, whatever the instants it is asked at.
"""

from collections.abc import Callable

import numpy as np

_PER_PERIOD = 64
_BLOCK = 16  # numbers of instants are rounded up to it: compiled kernels treat the last few of a row differently


def at_instants(process: Callable[[int, float], np.ndarray], count: int, interval: float,
                doppler: float) -> np.ndarray:
    """complex64 [..., count] at i * interval seconds, or [..., 1] where doppler is 0.

    process(count, interval) -> complex [..., count] evaluates the model itself."""
    if not doppler:
        return process(1, 1.0).astype(np.complex64)
    step = 1 / (_PER_PERIOD * doppler)
    if interval > step / 4:
        return process(-(-count // _BLOCK) * _BLOCK, interval)[..., :count].astype(np.complex64)
    place = np.arange(count) * (interval / step)
    first = np.maximum(np.floor(place).astype(int) - 1, 0)
    few = process(-(-(int(first[-1]) + 4) // _BLOCK) * _BLOCK, step)
    parts = np.stack([few.real, few.imag]).astype(np.float64)
    out = np.empty((*few.shape[:-1], count), np.complex64)
    for start in range(int(first[-1]) + 1):  # instants that lie between the same four
        here = slice(*np.searchsorted(first, [start, start + 1]))
        x = place[here] - start
        weights = np.array([(x - 1) * (x - 2) * (x - 3) / -6, x * (x - 2) * (x - 3) / 2,
                            x * (x - 1) * (x - 3) / -2, x * (x - 1) * (x - 2) / 6])
        out[..., here].real, out[..., here].imag = parts[..., start : start + 4] @ weights
    return out
