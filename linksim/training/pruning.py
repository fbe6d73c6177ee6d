"""Structured pruning of SE-SC's decoder: whole channels of its painting convolutions go, by their norm.

Most multiplications of a receiver are in these convolutions. Their channels live in spaces that several layers share:
the skip connections at a quarter of the picture's side (C channels) and at an eighth (2 C), and one space inside every
residual block. In each space the channels stay whose kernels, in all layers that write or read them, have the largest
norm (Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017, there layer by layer).
"""

import numpy as np

from linksim.errors import UserError

BLOCKS = 3  # residual blocks in a row
_STAGES = (("fine", "quarter"), ("deep", "eighth"), ("finer", "quarter"))


def wiring() -> dict[str, tuple[str | None, str | None]]:
    """Layer of `networks.build_decoder` -> the spaces of its input's and its output's channels; None: not pruned."""
    layers: dict[str, tuple[str | None, str | None]] = {"enter": (None, "quarter")}
    for stage, space in _STAGES:
        for i in range(BLOCKS):
            inside = f"{stage}_{i}"
            layers |= {f"{inside}_a": (space, inside), f"{inside}_b": (inside, space)}
    return layers | {"down": ("quarter", "eighth"), "up": ("eighth", "quarter"), "paint": ("quarter", None)}


def prune_decoder(arrays: dict[str, np.ndarray], channels: int, prefix: str = "decoder/") -> dict[str, np.ndarray]:
    """The same arrays with `channels` channels at a quarter of the side and twice as many at an eighth.

    arrays: of a weights file; those that don't belong to the painting layers of `prefix` stay as they are. UserError
    where there aren't more channels than that."""
    had = arrays[f"{prefix}enter/kernel"].shape[-1]
    if not 0 < channels < had:
        raise UserError(f"channels: should be between 1 and {had - 1}, fewer than the decoder has (found {channels})")
    kernels = {layer: np.asarray(arrays[f"{prefix}{layer}/kernel"], np.float32) for layer in wiring()}
    energy: dict[str, np.ndarray] = {}
    for layer, spaces in wiring().items():
        for axis, space in zip((-2, -1), spaces, strict=True):
            if space:
                here = np.square(kernels[layer]).sum(axis=tuple(a for a in range(4) if a != axis % 4))
                energy[space] = energy.get(space, 0) + _folded(here, layer, axis, had)
    wide = {space: channels * (2 if space == "eighth" or space.startswith("deep") else 1) for space in energy}
    keep = {space: np.sort(np.argsort(-e, kind="stable")[: wide[space]]) for space, e in energy.items()}
    out = dict(arrays)
    for layer, (inward, outward) in wiring().items():
        kernel, bias = f"{prefix}{layer}/kernel", f"{prefix}{layer}/bias"
        if inward:
            out[kernel] = np.take(out[kernel], keep[inward], axis=-2)
        if outward:
            chosen = _unfolded(keep[outward], layer, had)
            out[kernel], out[bias] = np.take(out[kernel], chosen, axis=-1), np.take(out[bias], chosen)
    return out


def _folded(energy: np.ndarray, layer: str, axis: int, had: int) -> np.ndarray:
    """`up` writes every channel four times, for the 2 x 2 pixels that it becomes."""
    return energy.reshape(4, had).sum(0) if layer == "up" and axis == -1 else energy


def _unfolded(chosen: np.ndarray, layer: str, had: int) -> np.ndarray:
    return (np.arange(4)[:, None] * had + chosen).ravel() if layer == "up" else chosen
