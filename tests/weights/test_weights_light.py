"""Eight-bit arrays: near what they were, half the bytes, read like any other weights."""

import numpy as np

from linksim import weights
from linksim.weights.light import quantise, restore


def arrays():
    rng = np.random.default_rng(0)
    wide = rng.normal(0, 1, (3, 3, 16, 24)) * np.logspace(-3, 1, 24)
    wide[..., 5] = 0
    return {"a/kernel": wide.astype(np.float16), "a/bias": rng.normal(0, 1, 2000).astype(np.float32),
            "small/kernel": rng.normal(0, 1, (4, 4)).astype(np.float32), "entropy/table": np.eye(64, dtype=int),
            "linear_x/kernel": rng.normal(0, 1, (64, 64)).astype(np.float32)}


def test_within_half_a_step_of_every_channel():
    given = arrays()
    back = restore(quantise(given, keep=("linear_",)))
    assert set(back) == set(given)
    for name in ("a/bias", "small/kernel", "entropy/table", "linear_x/kernel"):
        assert back[name] is given[name] or np.array_equal(back[name], given[name])
    error = np.abs(back["a/kernel"] - given["a/kernel"].astype(np.float32)).max((0, 1, 2))
    step = np.abs(given["a/kernel"].astype(np.float32)).max((0, 1, 2)) / 127
    assert (error <= step / 2 * 1.001).all() and (error[step > 0] > 0).all() and error[5] == 0


def test_a_file_of_half_the_size_is_read_like_any_other(tmp_path):
    given = {"a/kernel": np.random.default_rng(1).normal(0, 1, (256, 512)).astype(np.float16)}
    for name, kept in (("half", given), ("eight", quantise(given))):
        weights.save(tmp_path / f"{name}.npz", kept, {"kind": "sesc"})
    half, eight = ((tmp_path / f"{name}.npz").stat().st_size for name in ("half", "eight"))
    assert eight < 0.52 * half
    back, _ = weights.load(str(tmp_path / "eight.npz"), "sesc")
    assert list(back) == ["a/kernel"] and np.abs(back["a/kernel"] - given["a/kernel"]).max() < 0.03
