import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from linksim.link.grid import GridConfig

GRIDS = st.sampled_from([GridConfig(), GridConfig(pilot_symbols=[]),
                         GridConfig(fft_size=12, pilot_symbols=[7]),
                         GridConfig(fft_size=7, symbols_per_slot=3, pilot_symbols=[0, 2], cyclic_prefix=0)])


@given(GRIDS, st.integers(0, 10**6))
def test_capacity_inverts_uses(grid, symbols):
    assert grid.capacity(grid.uses(symbols)) == symbols
    assert grid.uses(symbols + 1) > grid.uses(symbols)


@given(GRIDS, st.integers(0, 10**6))
def test_capacity_is_the_most_that_fits(grid, uses):
    symbols = grid.capacity(uses)
    assert grid.uses(symbols) <= uses < grid.uses(symbols + 1)


def test_numbers_of_the_default_grid():
    grid = GridConfig()
    assert (grid.data_per_slot, grid.pilots_per_slot) == (1536, 256)
    assert grid.uses([0, 1, 1536, 1537]).tolist() == [0, 257, 1792, 2049]
    assert grid.slot_seconds == pytest.approx(14 * (128 + 9) / (128 * 15e3))
    assert grid.cyclic_prefix_overhead == pytest.approx(9 / 137)


@pytest.mark.parametrize("bad", [
    {"pilot_symbols": [14]}, {"pilot_symbols": [3, 2]}, {"pilot_symbols": [2, 2]}, {"fft_size": 0},
    {"symbols_per_slot": 2, "pilot_symbols": [0, 1]}, {"cyclic_prefix": 128}, {"ftt_size": 64},
    {"subcarrier_spacing": 0}])
def test_impossible_grids_are_refused(bad):
    with pytest.raises(ValidationError):
        GridConfig(**bad)


def test_air_maps_in_order_and_bills_what_it_sends():
    """Subcarrier by subcarrier, OFDM symbol by OFDM symbol; pilots of unit power where the grid says."""
    from linksim.link.air import Air

    config = GridConfig(fft_size=16, symbols_per_slot=7, pilot_symbols=[1, 4])
    symbols = (1 + np.arange(3 * config.data_per_slot)).reshape(3, -1).astype(np.complex64)
    grid = Air(config, tile=2).grid(symbols)
    assert grid.shape == (3, 7, 16)
    np.testing.assert_array_equal(grid[:, config.data_symbols].reshape(3, -1), symbols)
    np.testing.assert_allclose(np.abs(grid[:, config.pilot_symbols]), 1, rtol=1e-6)
    assert np.count_nonzero(grid[0]) == config.uses(config.data_per_slot)
