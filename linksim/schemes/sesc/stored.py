"""The codec's networks: set from a weights file, and compiled."""

from functools import lru_cache


@lru_cache(maxsize=2)
def networks_of(name: str, checksum: str, size: int) -> tuple:
    """Encoder and decoder of weights for pictures of `size` pixels: the same for all schemes that have them.
    checksum: of the file, which may be another one by now."""
    from linksim import weights
    from linksim.schemes.sesc import networks

    arrays, card = weights.load(name, "sesc")
    known = card["config"]
    parts = (networks.build_encoder(size, int(known["uses"]), **known.get("encoder", {})),
             networks.build_decoder(size, int(known["uses"]), **known.get("decoder", {})))
    for part in parts:
        assign_part(arrays, part)
    return parts


@lru_cache(maxsize=4)
def compiled(model):
    """The network as one graph per shape: NumPy in, NumPy out."""
    import tensorflow as tf

    call = tf.function(lambda *inputs: model(list(inputs), training=False), autograph=False)
    return lambda *inputs: call(*(tf.constant(i) for i in inputs)).numpy()


def assign_part(arrays: dict, part) -> None:
    """Set the network `part` from the arrays of a weights file whose names start with the part's name."""
    from linksim import weights

    prefix = part.name + "/"
    weights.assign(part, {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)})
