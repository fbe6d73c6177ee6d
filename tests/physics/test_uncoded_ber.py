"""Uncoded Gray QAM against closed forms, AWGN and Rayleigh fading with the receiver knowing the gain."""

import numpy as np
import pytest

from linksim.link import qam
from linksim.theory.closed_forms import ber_awgn, ber_rayleigh


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
    """Es/N0 = bits per symbol * Eb/N0."""
    assert ber_awgn(4, 4 * 10.0) == pytest.approx(1.754e-3, rel=1e-3)
    assert ber_awgn(2, 2 * 1.0) == pytest.approx(7.8650e-2, rel=1e-4)
    assert ber_rayleigh(2, 2 * 10.0) == pytest.approx(2.327e-2, rel=1e-3)


@pytest.mark.parametrize("bits_per_symbol, ebno_db", [(2, 0), (2, 6), (4, 4), (4, 8), (6, 6), (6, 12), (8, 14)])
@pytest.mark.parametrize("fading", [False, True])
def test_bit_errors_are_those_of_the_closed_form(bits_per_symbol, ebno_db, fading):
    expected = (ber_rayleigh if fading else ber_awgn)(bits_per_symbol, bits_per_symbol * 10 ** (ebno_db / 10))
    counted, bits = _count(bits_per_symbol, ebno_db, fading)
    # Bits of one symbol err together; twice the deviation of independent ones, four times over.
    assert abs(counted - expected) < 4 * 2 * np.sqrt(expected / bits)
