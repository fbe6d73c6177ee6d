"""The codec's networks, set from a weights file, and as graphs."""

from functools import lru_cache

from linksim.tiles import compiled


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
        weights.assign_part(part, arrays)
    return parts


@lru_cache(maxsize=2)
def compiled_networks(name: str, checksum: str, size: int) -> tuple:
    """`networks_of`, as graphs: NumPy in, NumPy out."""
    return tuple(compiled(part) for part in networks_of(name, checksum, size))
