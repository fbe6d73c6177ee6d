"""Uncoded Gray QAM against closed forms, AWGN and Rayleigh fading with the receiver knowing the gain."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc

from linksim.link import qam


def _ber_awgn(bits_per_symbol, ebno):
    """Exact bit-error rate of Gray-labelled square QAM (Cho and Yoon, IEEE Trans. Commun. 50(7), 2002, eq.
    14 to 16)."""
    half = bits_per_symbol // 2
    side = 2**half
    total = 0.0
    for k in range(1, half + 1):
        for i in range(int((1 - 2.0**-k) * side)):
            turn = np.floor(i * 2 ** (k - 1) / side)
            weight = (-1) ** turn * (2 ** (k - 1) - np.floor(i * 2 ** (k - 1) / side + 0.5))
            total += weight * erfc((2 * i + 1) * np.sqrt(1.5 * bits_per_symbol * ebno / (side**2 - 1))) / side
    return total / half


def _ber_rayleigh(bits_per_symbol, ebno):
    return quad(lambda g: np.exp(-g) * _ber_awgn(bits_per_symbol, g * ebno), 0, 40, limit=400)[0]


def _count(bits_per_symbol, ebno_db, fading, symbols=200_000):
    rng = np.random.default_rng([bits_per_symbol, int(ebno_db), fading])
    bits = rng.integers(0, 2, symbols * bits_per_symbol, dtype=np.uint8)
    variance = 10 ** (-ebno_db / 10) / bits_per_symbol
    gain = (rng.standard_normal((symbols, 2)) @ [1, 1j]) / np.sqrt(2) if fading else np.ones(symbols)
    noise = rng.standard_normal((symbols, 2)) @ [1, 1j] * np.sqrt(variance / 2)
    received = (gain * qam.modulate(bits, bits_per_symbol) + noise) / gain
    effective = (variance / np.abs(gain) ** 2).astype(np.float32)
    llr = qam.demodulate(received.astype(np.complex64), effective, bits_per_symbol)
    return np.mean((llr < 0) != bits), bits.size


def test_the_closed_form_has_the_values_of_the_textbooks():
    assert _ber_awgn(4, 10.0) == pytest.approx(1.754e-3, rel=1e-3)
    assert _ber_awgn(2, 1.0) == pytest.approx(7.8650e-2, rel=1e-4)
    assert _ber_rayleigh(2, 10.0) == pytest.approx(2.327e-2, rel=1e-3)


@pytest.mark.parametrize("bits_per_symbol, ebno_db", [(2, 0), (2, 6), (4, 4), (4, 8), (6, 6), (6, 12), (8, 14)])
@pytest.mark.parametrize("fading", [False, True])
def test_bit_errors_are_those_of_the_closed_form(bits_per_symbol, ebno_db, fading):
    expected = (_ber_rayleigh if fading else _ber_awgn)(bits_per_symbol, 10 ** (ebno_db / 10))
    counted, bits = _count(bits_per_symbol, ebno_db, fading)
    # Bits of one symbol err together; twice the deviation of independent ones, four times over.
    assert abs(counted - expected) < 4 * 2 * np.sqrt(expected / bits)
