"""Pruned painting layers: what is dead goes and nothing changes; what remains fits the smaller network."""

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.training.pruning import prune_decoder, wiring

SIZE, USES, CHANNELS = 32, 8, 8


def decoder(channels, arrays=None):
    from linksim import weights
    from linksim.schemes.sesc import networks

    model = networks.build_decoder(SIZE, USES, width=16, depth=1, channels=channels, detail=4)
    if arrays is not None:
        weights.assign_part(model, arrays)
    return model, {f"decoder/{name}": value for name, value in weights.model_arrays(model).items()}


def reception():
    rng = np.random.default_rng(2)
    counts = np.full((2, 2, 2), 5, np.float32)
    sent = (np.arange(2 * USES) < 10) * np.ones((2, 4, 1))
    return [(rng.normal(0, 1, sent.shape) * sent).astype(np.float32), np.full(sent.shape, 0.1, np.float32), counts]


@pytest.fixture(scope="module")
def trained():
    """A decoder without zeros, and its arrays."""
    model, arrays = decoder(CHANNELS)
    rng = np.random.default_rng(1)
    return model, {name: rng.normal(0, 0.2, a.shape).astype(np.float32) for name, a in arrays.items()}


def test_the_wiring_names_every_painting_layer(trained):
    convolutions = {layer.name for layer in trained[0].layers if type(layer).__name__ == "Conv2D"}
    assert set(wiring()) == convolutions


def test_dead_channels_go_and_nothing_changes(trained):
    """Half the channels of every space are written by nobody and read by nobody; the rest must give the same."""
    arrays, alive = dict(trained[1]), {}
    rng = np.random.default_rng(3)
    for layer, spaces in wiring().items():
        name = f"decoder/{layer}/kernel"
        kernel, bias = arrays[name].copy(), arrays[f"decoder/{layer}/bias"].copy()
        for axis, space in zip((2, 3), spaces, strict=True):
            if not space:
                continue
            width = CHANNELS * (2 if space == "eighth" or space.startswith("deep") else 1)
            kept = alive.setdefault(space, np.isin(np.arange(width), rng.permutation(width)[: width // 2]))
            here = np.tile(kept, 4) if layer == "up" and axis == 3 else kept
            kernel *= here.reshape((1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1))
            if axis == 3:
                bias *= here
        arrays[name], arrays[f"decoder/{layer}/bias"] = kernel, bias
    whole = np.asarray(decoder(CHANNELS, arrays)[0](reception()))
    half = np.asarray(decoder(CHANNELS // 2, prune_decoder(arrays, CHANNELS // 2))[0](reception()))
    np.testing.assert_allclose(half, whole, rtol=1e-4, atol=1e-4 * np.abs(whole).max())
    fewer = np.asarray(decoder(CHANNELS // 4, prune_decoder(arrays, CHANNELS // 4))[0](reception()))
    assert np.abs(fewer - whole).max() > 0.01 * np.abs(whole).max()


def test_other_arrays_stay(trained):
    arrays = trained[1] | {"encoder/embed/kernel": np.ones((3, 3)), "gains/variance": np.ones(16)}
    pruned = prune_decoder(arrays, 5)
    assert set(pruned) == set(arrays)
    assert all(pruned[name] is arrays[name] for name in arrays if name.split("/")[1] not in wiring())
    assert pruned["decoder/up/kernel"].shape == (1, 1, 10, 20) and pruned["decoder/paint/kernel"].shape[-1] == 48


@pytest.mark.parametrize("channels", [0, 8, 9])
def test_as_many_channels_as_before_are_no_pruning(trained, channels):
    with pytest.raises(UserError, match="channels: should be between 1 and 7"):
        prune_decoder(trained[1], channels)
