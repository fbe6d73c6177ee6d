"""Pictures as a grid of square patches, and back."""

from keras import ops

PATCH = 16  # side of a patch in pixels; one patch is one feature


def patchify(pictures, patch: int = PATCH):
    """float [B, H, W, 3] -> [B, T, patch*patch*3], T = (H/patch) * (W/patch), rows first."""
    height, width = pictures.shape[1] // patch, pictures.shape[2] // patch
    x = ops.reshape(pictures, (-1, height, patch, width, patch, 3))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * width, patch * patch * 3))


def unpatchify(patches, height: int, width: int, patch: int = PATCH, channels: int = 3):
    """float [B, height*width, patch*patch*channels] -> [B, height*patch, width*patch, channels]."""
    x = ops.reshape(patches, (-1, height, width, patch, patch, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * patch, width * patch, channels))


def space_to_depth(x, block: int):
    """float [B, H, W, C] -> [B, H/block, W/block, block*block*C]."""
    height, width, channels = x.shape[1] // block, x.shape[2] // block, x.shape[3]
    x = ops.reshape(x, (-1, height, block, width, block, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height, width, block * block * channels))


def depth_to_space(x, block: int):
    """float [B, H, W, block*block*C] -> [B, H*block, W*block, C]; inverse of `space_to_depth`."""
    height, width, channels = x.shape[1], x.shape[2], x.shape[3] // block**2
    x = ops.reshape(x, (-1, height, width, block, block, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * block, width * block, channels))
