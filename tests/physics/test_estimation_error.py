"""Channel estimation against closed forms: LS and its interpolation, and LMMSE."""

import numpy as np
import pytest
from scipy.special import j0

from linksim.link.burst import Burst, Draw
from linksim.link.estimation import Estimator, correlations, interpolation, pilot_symbols
from linksim.link.grid import Grid, GridConfig
from linksim.link.link import Link, LinkConfig

SMALL = GridConfig(fft_size=16, guards=[2, 1], dc_null=True, symbols_per_slot=7, pilot_symbols=[1, 4], pilot_spacing=2,
                   cyclic_prefix=2)


def gaussian(rng, *shape):
    return (rng.standard_normal((*shape, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)


def wssus(config, doppler=0.03, taps=(0.6, 0.3, 0.1)):
    """Correlations of a Clarke channel (2 pi f_D T = `doppler`) with taps one sample apart."""
    symbols, carriers = np.arange(config.symbols_per_slot), config.used
    time = j0(doppler * (symbols[:, None] - symbols)).astype(complex)
    turn = np.exp(-2j * np.pi * (carriers[:, None] - carriers) / config.fft_size)
    return time, sum(power * turn**tap for tap, power in enumerate(taps))


def errors(grid, estimator, response, n0, rng):
    """|estimate - response|^2 on the data resource elements, averaged over slots: [streams, K]. response: complex64
    [T, streams, symbols, fft_size]."""
    sent, config = np.zeros(response.shape[1:], np.complex64), grid.config
    for stream, pilots in enumerate(pilot_symbols(grid)):
        sent[stream][np.ix_(config.pilot_symbols, config.used[:: config.pilot_spacing])] = pilots
    received = np.sum(sent * response, axis=1) + np.sqrt(n0) * gaussian(rng, len(response), *sent.shape[1:])
    found = estimator(received[:, None].astype(np.complex64), estimator.weights(n0)[0]).numpy()[:, 0]
    return np.mean(np.abs(found - response[:, :, *config.data]) ** 2, axis=0)


def agree(measured, expected, slots):
    """Mean squared Gaussian errors have a relative deviation of 1 / sqrt(slots) each; false alarm below 1e-4."""
    deviation = (measured / expected - 1) * np.sqrt(slots)
    assert np.abs(deviation).max() < 5.5 and np.abs(deviation.mean()) < 4


def test_least_squares_and_linear_interpolation_have_the_variance_of_the_closed_form():
    """N0 at the pilots; between the pilot symbols 2 and 11, N0 ((11 - t)^2 + (t - 2)^2) / 81, and so beyond them."""
    grid = Grid(GridConfig())
    no = Estimator(grid, "linear").weights(0.1)[1] - 0.1
    t = grid.config.data[0]
    np.testing.assert_allclose(no, 0.1 * ((11 - t) ** 2 + (t - 2) ** 2) / 81, rtol=1e-5)
    np.testing.assert_allclose(Estimator(grid, "nearest").weights(0.1)[1], 0.2, rtol=1e-6)


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("rule", ["nearest", "linear"])
def test_least_squares_error_on_a_flat_channel(rule, streams, slots=4000):
    rng, grid = np.random.default_rng(7), Grid(SMALL, streams)
    estimator = Estimator(grid, rule)
    response = np.broadcast_to(gaussian(rng, slots, streams, 1, 1), (slots, streams, 7, 16))
    measured = errors(grid, estimator, response, 0.2, rng)
    agree(measured.mean(axis=0), estimator.weights(0.2)[1] - 0.2, slots)
    for stream in range(streams):
        known = grid.pilots_of(stream)
        a, b = (np.sum(interpolation(at, here, rule) ** 2, axis=1)
                for at, here in zip(grid.config.data, known, strict=True))
        agree(measured[stream], 0.2 * a * b, slots)


def test_linear_interpolation_is_exact_on_a_plane_and_nearest_is_not():
    grid = Grid(SMALL)
    plane = (np.arange(7)[:, None] * (0.1 - 0.05j) + np.arange(16) * 0.02j + 1).astype(np.complex64)[None, None]
    assert errors(grid, Estimator(grid, "linear"), plane, 0.0, np.random.default_rng(0)).max() < 1e-11
    assert errors(grid, Estimator(grid, "nearest"), plane, 0.0, np.random.default_rng(0)).max() > 1e-3


@pytest.mark.parametrize("n0", [1.0, 0.01])
@pytest.mark.parametrize("streams", [1, 2])
def test_lmmse_error_is_that_of_the_wiener_filter(streams, n0, slots=4000):
    """1 - r_hp (R_pp + N0 I)^-1 r_ph, solved in full over all pilots, and measured on channels of that covariance."""
    rng, grid = np.random.default_rng(11), Grid(SMALL, streams)
    time, frequency = wssus(SMALL)
    estimator = Estimator(grid, (time, frequency))
    full = np.kron(time, frequency)
    number = np.full((7, 16), -1)
    number[:, SMALL.used] = np.arange(7 * len(SMALL.used)).reshape(7, -1)
    data, expected = number[SMALL.data], []
    for stream in range(streams):
        pilots = number[np.ix_(*grid.pilots_of(stream))].ravel()
        gain = np.linalg.solve(full[np.ix_(pilots, pilots)] + n0 * np.eye(len(pilots)), full[np.ix_(pilots, data)])
        expected.append(1 - np.real(np.sum(full[np.ix_(data, pilots)].T * gain, axis=0)))
    np.testing.assert_allclose(estimator.weights(n0)[1] - n0, np.mean(expected, axis=0), rtol=1e-3, atol=1e-6)
    values, vectors = np.linalg.eigh(full)
    root = vectors * np.sqrt(np.maximum(values, 0))
    response = np.zeros((slots, streams, 7, 16), np.complex64)
    response[..., SMALL.used] = (gaussian(rng, slots, streams, len(root)) @ root.T).reshape(slots, streams, 7, -1)
    agree(errors(grid, estimator, response, n0, rng), np.array(expected), slots)


@pytest.mark.parametrize("n0", [1.0, 1e-3])
def test_lmmse_of_one_gain_averages_all_pilots(n0):
    """P pilots of one CN(0, 1): error N0 / (P + N0)."""
    link = Link(LinkConfig(channel={"model": "rayleigh"}, csi="lmmse"))
    estimator = Estimator(link.grid, correlations(link.channel, link.grid))
    np.testing.assert_allclose(estimator.weights(n0)[1] - n0, n0 / (256 + n0), rtol=5e-3)


def test_correlations_are_those_of_clarkes_channel():
    config = LinkConfig(channel={"model": "rayleigh", "fading": "jakes", "speed": 200})
    link = Link(config)
    time, frequency = correlations(link.channel, link.grid)
    lag = np.arange(14)
    turns = 2 * np.pi * link.channel.doppler_hz * config.grid.symbol_seconds * lag
    np.testing.assert_allclose(time[0], j0(turns), atol=0.1)  # 1,024 draws: 3 standard deviations of about .03
    np.testing.assert_allclose(frequency, 1, atol=1e-9)
    assert np.linalg.eigvalsh(time).min() > -1e-9


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize("rule, theirs", [("linear", "lin"), ("nearest", "nn")])
def test_least_squares_is_sionnas(rule, theirs, streams):
    from sionna.phy.ofdm import LSChannelEstimator

    from linksim.link.air import _resource_grid

    grid = Grid(GridConfig(fft_size=15, symbols_per_slot=6, pilot_symbols=[0, 3], pilot_spacing=3, cyclic_prefix=0),
                streams)
    received = gaussian(np.random.default_rng(2), 3, 2, 6, 15)
    reference, _ = LSChannelEstimator(_resource_grid(grid), interpolation_type=theirs)(received[:, None], 0.1)
    estimator = Estimator(grid, rule)
    ours = estimator(received, estimator.weights(0.1)[0]).numpy()
    reference = reference.numpy()[:, 0, :, 0][..., *grid.config.data]
    ties = np.zeros(ours.shape[-1], bool)
    if rule == "nearest" and streams == 2:  # as near to two pilots: either may serve
        distance = np.abs(grid.config.data[1][:, None, None] - np.stack([grid.pilots_of(s)[1][:2] for s in (0, 1)]))
        ties = np.any(distance[..., 0] == distance[..., 1], axis=1)
    np.testing.assert_allclose(ours[..., ~ties], reference[..., ~ties], atol=1e-5)


@pytest.mark.parametrize("csi, channel", [
    ("lmmse", {"model": "rayleigh", "fading": "jakes", "speed": 120}), ("ls", {"model": "rayleigh"})])
def test_the_declared_noise_holds_the_error_of_the_estimate(csi, channel, rows=150, uses=1536):
    """Received minus estimated channel times symbol has the variance that the equaliser was given: the noise left on
    equalised symbols is what Reception declares, which without the estimation's share it exceeds."""
    link = Link(LinkConfig(channel=channel, csi=csi, grid={"fft_size": 32}), tile=16)
    rng = np.random.default_rng(3)
    symbols = ((rng.choice([-1, 1], (rows, uses, 2)) @ [1, 1j]) / np.sqrt(2)).astype(np.complex64)
    length = np.full(rows, uses, np.int32)
    reception = link.transmit(Burst(symbols, length, np.zeros((rows, 0), np.uint8), 0, {"payload": length}), 5.0,
                              Draw(9, np.arange(rows), np.zeros(rows, int)))
    measured = np.abs(reception.symbols - symbols) ** 2 / reception.noise_variance
    per_row = measured.mean(axis=1)
    error = per_row.std() / np.sqrt(rows)
    assert np.mean(per_row) == pytest.approx(1, abs=4 * error)
    no = link.passage.estimator.weights(10**-0.5)[1]
    assert np.mean(no) / 10**-0.5 > 1 + 8 * error  # sharp enough to miss it


def error_over_declared(link, snr_db, seed, rows, uses):
    """float [rows]: mean squared error of QPSK symbols over the noise variance that the receiver declares."""
    rng = np.random.default_rng(seed)
    symbols = ((rng.choice([-1, 1], (rows, uses, 2)) @ [1, 1j]) / np.sqrt(2)).astype(np.complex64)
    length = np.full(rows, uses, np.int32)
    reception = link.transmit(Burst(symbols, length, np.zeros((rows, 0), np.uint8), 0, {"payload": length}), snr_db,
                              Draw(9, np.arange(rows), np.zeros(rows, int)))
    return np.mean(np.abs(reception.symbols - symbols) ** 2 / reception.noise_variance, axis=1)


@pytest.mark.parametrize("impairments", [{"cfo_hz": 300.0}, {"phase_noise_hz": 100.0}])
def test_lmmse_knows_that_the_oscillator_turns(impairments, rows=60, uses=750):
    """What is declared holds, with two pilots' interval of 0.64 ms in which an offset of 300 Hz turns by 70 degrees."""
    link = Link(LinkConfig(channel={"model": "rayleigh"}, csi="lmmse", grid={"fft_size": 32}, domain="time",
                           impairments=impairments), tile=16)
    per_row = error_over_declared(link, 10.0, 5, rows, uses)
    assert np.mean(per_row) == pytest.approx(1, abs=0.02 + 4 * per_row.std() / np.sqrt(rows))
    assert per_row.std() < 0.5


@pytest.mark.parametrize("csi, channel", [
    ("ls", {"model": "rayleigh"}), ("lmmse", {"model": "tdl-a", "delay_spread": 3e-7})])
def test_pilots_have_interference_too(csi, channel, rows=60, uses=750):
    """A coarse converter at 30 dB: what is declared holds though hardly any of it is noise."""
    link = Link(LinkConfig(channel=channel, csi=csi, grid={"fft_size": 32}, domain="time",
                           interpolation="nearest", impairments={"adc_bits": 3}), tile=16)
    per_row = error_over_declared(link, 30.0, 6, rows, uses)
    assert np.mean(per_row) == pytest.approx(1, abs=0.1 + 4 * per_row.std() / np.sqrt(rows))


@pytest.mark.parametrize("rule", ["linear", wssus(SMALL)])
def test_weights_of_several_noise_variances_are_those_of_each(rule):
    estimator = Estimator(Grid(SMALL, 2), rule)
    scales, no = estimator.weights(np.array([0.5, 0.01]))
    for row, n0 in enumerate((0.5, 0.01)):
        expected, there = estimator.weights(n0)
        np.testing.assert_allclose(no[row], there, rtol=1e-6)
        np.testing.assert_allclose([scale[row] for scale in scales], expected, rtol=1e-6)
