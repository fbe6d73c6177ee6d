import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from linksim.link.grid import Grid, GridConfig

GRIDS = st.builds(Grid, st.sampled_from([
    GridConfig(), GridConfig(pilot_symbols=[]), GridConfig(fft_size=12, pilot_symbols=[7]),
    GridConfig(fft_size=7, symbols_per_slot=3, pilot_symbols=[0, 2], cyclic_prefix=0),
    GridConfig(fft_size=64, guards=[6, 5], dc_null=True, pilot_symbols=[0, 3, 9], pilot_spacing=4),
    GridConfig(fft_size=9, symbols_per_slot=1, pilot_symbols=[0], pilot_spacing=2, dc_null=True, cyclic_prefix=2),
]), st.integers(1, 4))


@settings(deadline=None)
@given(GRIDS, st.integers(0, 10**6))
def test_capacity_inverts_uses(grid, symbols):
    assert grid.capacity(grid.uses(symbols)) == symbols
    assert grid.uses(symbols + 1) > grid.uses(symbols)


@settings(deadline=None)
@given(GRIDS, st.integers(0, 10**6))
def test_capacity_is_the_most_that_fits(grid, uses):
    symbols = grid.capacity(uses)
    assert grid.uses(symbols) <= uses < grid.uses(symbols + 1)


@settings(deadline=None)
@given(GRIDS)
def test_every_resource_element_is_data_pilot_or_empty(grid):
    """Counted on the resource elements themselves; streams take turns with the pilots and none is lost."""
    config = grid.config
    kind = np.zeros((config.symbols_per_slot, config.fft_size), int)
    kind[config.data] += 1
    for stream in range(grid.streams):
        kind[np.ix_(*grid.pilots_of(stream))] += 1
    empty = config.guards[0] + config.guards[1] + config.dc_null
    assert kind.max() == 1 and (kind.sum(axis=0) > 0).sum() == config.fft_size - empty
    assert kind.sum() * grid.streams == grid.data_per_slot + grid.pilots_per_slot
    assert list(zip(*config.data, strict=True)) == sorted(zip(*config.data, strict=True))


def test_numbers_of_the_default_grid():
    grid = Grid(GridConfig())
    assert (grid.data_per_slot, grid.pilots_per_slot) == (1536, 256)
    assert grid.uses([0, 1, 1536, 1537]).tolist() == [0, 257, 1792, 2049]
    assert grid.config.slot_seconds == pytest.approx(14 * (128 + 9) / (128 * 15e3))
    assert grid.config.symbol_seconds == pytest.approx(grid.config.slot_seconds / 14)
    assert grid.config.cyclic_prefix_overhead == pytest.approx(9 / 137)


def test_numbers_of_a_deployed_grid():
    """72 of 128 subcarriers around an empty DC, pilots on every sixth of them in two OFDM symbols, two streams."""
    grid = Grid(GridConfig(guards=[28, 27], dc_null=True, pilot_spacing=6), streams=2)
    assert len(grid.config.used) == 72 and 64 not in grid.config.used
    assert (grid.data_per_slot, grid.pilots_per_slot) == (2 * (14 * 72 - 24), 2 * 24)
    assert grid.pilots_of(1)[1][:3].tolist() == [34, 46, 58]
    assert grid.uses([1, 1968, 1969]).tolist() == [49, 2016, 1969 + 96]


@pytest.mark.parametrize("bad", [
    {"pilot_symbols": [14]}, {"pilot_symbols": [3, 2]}, {"pilot_symbols": [2, 2]}, {"fft_size": 0},
    {"symbols_per_slot": 2, "pilot_symbols": [0, 1]}, {"cyclic_prefix": 128}, {"ftt_size": 64},
    {"subcarrier_spacing": 0}, {"guards": [65, 0]}, {"guards": [0, 64]}, {"guards": [-1, 0]}, {"pilot_spacing": 0},
    {"fft_size": 1, "dc_null": True, "cyclic_prefix": 0}])
def test_impossible_grids_are_refused(bad):
    with pytest.raises(ValidationError):
        GridConfig(**bad)


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("shape", [{}, {"guards": [2, 1], "dc_null": True, "pilot_spacing": 3}])
def test_air_maps_in_order_and_bills_what_it_sends(streams, shape):
    """Stream by stream, subcarrier by subcarrier, OFDM symbol by OFDM symbol; power 1 per resource element, pilots
    where the grid says, nothing on guards and DC."""
    from linksim.link.air import Air

    config = GridConfig(fft_size=16, symbols_per_slot=7, pilot_symbols=[1, 4], **shape)
    grid = Grid(config, streams)
    symbols = (1 + np.arange(3 * grid.data_per_slot)).reshape(3, -1).astype(np.complex64)
    sent = Air(grid, tile=2).mapped(symbols)
    assert sent.shape == (3, streams, 7, 16)
    found = np.moveaxis(sent[:, :, *config.data], 1, -1).reshape(3, -1) * np.sqrt(streams)
    np.testing.assert_allclose(found, symbols, rtol=1e-6)
    for stream in range(streams):
        at = np.ix_(*grid.pilots_of(stream))
        np.testing.assert_allclose(np.sum(np.abs(sent[0]) ** 2, axis=0)[at], 1, rtol=1e-6)
        np.testing.assert_allclose(np.abs(sent[:, stream][:, *at]), 1, rtol=1e-6)
    power = np.sum(np.abs(Air(grid, tile=1).mapped(np.ones((1, grid.data_per_slot), np.complex64))) ** 2, axis=(0, 1))
    np.testing.assert_allclose(power[:, config.used], 1, rtol=1e-6)
    assert np.sum(power) == pytest.approx(grid.uses(grid.data_per_slot) / streams, rel=1e-5)
