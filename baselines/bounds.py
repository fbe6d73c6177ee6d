"""What no code can beat: capacity, ergodic and under outage, and the normal approximation at finite length.

All for complex channel uses of Es/N0 = snr (linear), and in bits.

- Capacity of AWGN                        C(snr) = log2(1 + snr)
- Outage over one Rayleigh gain           P(C(g snr) < R) = 1 - exp(-(2^R - 1) / snr)
- Ergodic capacity of Rayleigh fading     E C(g snr) = log2(e) e^(1/snr) E1(1/snr)
- Normal approximation: n uses carry, with block error e,
      log2 M = n C - sqrt(n V) Q^-1(e) + log2(n) / 2 bits,   V(snr) = (1 - 1 / (1 + snr)^2) log2(e)^2
  (Polyanskiy, Poor and Verdu, IEEE Trans. Inform. Theory 56, 2010, theorem 54 and equation 296: there for real
  uses, of which a complex one is two; C and V are twice a real use's).
- The same over one gain for the whole block: the mean of its e over the gain (Yang, Durisi, Koch and Polyanskiy,
  IEEE Trans. Inform. Theory 60, 2014, equation 59).

Goldsmith and Varaiya, IEEE Trans. Inform. Theory 43, 1997, for capacity over fading.

The curves of a conventional scheme are made of these (`capacity_bound`, `normal_bound`): its pictures, of the size that
the code would carry, arrive wherever such a code would. They have no header, no CRC and no filler.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import hyperu, ndtr, ndtri

GOLDEN = (np.sqrt(5) - 1) / 2
ROUNDING_DB = 1e-6  # a code at exactly the capacity of an SNR point arrives there
ERRORS = (0.1, 0.01, 0.001)  # block errors at which `normal_bound`'s rates are tried where the channel doesn't fade


def capacity(snr):
    """log2(1 + snr), bits per complex use."""
    return np.log2(1 + np.asarray(snr, np.float64))


def ergodic_capacity(snr):
    """Mean capacity in bits per complex use over Rayleigh fading of mean Es/N0 snr > 0."""
    return np.log2(np.e) * hyperu(1, 1, 1 / np.asarray(snr, np.float64))  # U(1, 1, x) = e^x E1(x)


def rayleigh_outage(snr, rate):
    """Probability that one Rayleigh gain of mean Es/N0 snr > 0 carries less than `rate` bits per use."""
    return -np.expm1(-(2.0 ** np.asarray(rate, np.float64) - 1) / snr)


def dispersion(snr):
    """V, bits^2 per complex use."""
    return (1 - 1 / (1 + np.asarray(snr, np.float64)) ** 2) * np.log2(np.e) ** 2


def carried_bits(snr, uses, error):
    """Bits that `uses` complex uses of AWGN carry with block error `error`, by the normal approximation; at least 0."""
    uses = np.asarray(uses, np.float64)
    bits = uses * capacity(snr) + np.sqrt(uses * dispersion(snr)) * ndtri(error) + np.log2(uses) / 2
    return np.maximum(bits, 0)


def block_error(snr, uses, bits):
    """Block error of `bits` bits in `uses` complex uses of AWGN, by the normal approximation."""
    uses = np.asarray(uses, np.float64)
    margin = uses * capacity(snr) + np.log2(uses) / 2 - bits
    return ndtr(-margin / np.sqrt(np.maximum(uses * dispersion(snr), 1e-300)))


def needed_db(uses, bits, error) -> np.ndarray:
    """Es/N0 in dB at which `block_error` is `error`; arrays broadcast. inf where 80 dB aren't enough, 0 uses among
    them; the error falls with the SNR, so this is a bisection."""
    uses, bits, error = np.broadcast_arrays(np.asarray(uses, np.float64), np.asarray(bits, np.float64), error)
    low, high = np.full(uses.shape, -80.0), np.full(uses.shape, 80.0)
    for _ in range(50):
        middle = (low + high) / 2
        enough = block_error(10 ** (middle / 10), np.maximum(uses, 1), bits) <= error
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where((uses > 0) & (high < 79.999), high, np.inf)


def rayleigh_block_error(snr: float, uses: int, bits: float) -> float:
    """Block error where one Rayleigh gain holds for all `uses` complex uses: E block_error(g snr), g exponential."""
    below = (np.arange(100_000) + 0.5) / 100_000  # P(gain < g): the gain's quantiles
    return float(block_error(-np.log1p(-below) * snr, uses, bits).mean())


def capacity_bound(pictures: Callable, uses: np.ndarray, rates) -> Iterator[tuple]:
    """For each of `rates` (bits per use): (label, pictures uint8 [P, S, S, 3], Es/N0 in dB needed, float64 [P]).

    pictures: bytes int64 [P] -> the pictures as they arrive, and where there is a codestream so short, bool [P].
    uses: int [P], channel uses that carry them."""
    for rate in rates:
        images, ok = pictures((rate * np.asarray(uses) / 8).astype(np.int64))
        yield f"{rate:g} bit/use", images, np.where(ok, 10 * np.log10(2**rate - 1) - ROUNDING_DB, np.inf)


def normal_bound(pictures: Callable, uses: np.ndarray, rates) -> Iterator[tuple]:
    """As `capacity_bound`, behind codes of finite length.

    Every picture has its luck u with the noise, equidistributed over (0, 1) by the golden ratio, and arrives where the
    block error is at most u: over many pictures a share of exactly the block error is lost, at any SNR."""
    uses = np.asarray(uses, np.int64)
    luck = np.modf((np.arange(len(uses)) + 0.5) * GOLDEN)[0]
    for rate in rates:
        sizes = (rate * uses / 8).astype(np.int64)
        images, ok = pictures(sizes)
        yield f"{rate:g} bit/use", images, np.where(ok, needed_db(uses, 8 * sizes, luck) - ROUNDING_DB, np.inf)
