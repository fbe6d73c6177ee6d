"""Number format and compiler of a course, by what is fast where it runs.

On a GPU that is bfloat16 under XLA. On a CPU TensorFlow's own convolutions in float32 take two thirds of the time that
XLA's take in bfloat16 (`python benchmarks/training.py`), and are compiled in half of it.
"""

from typing import Literal

Precision = Literal["float32", "mixed_bfloat16"]


def suited() -> Precision:
    """The Keras dtype policy that suits this machine."""
    from linksim.training.cards import accelerators

    return "mixed_bfloat16" if accelerators() else "float32"


def compiled() -> bool:
    """Whether XLA should compile a course."""
    import keras

    from linksim.training.cards import accelerators

    backend = keras.backend.backend()
    return backend == "jax" or (backend == "tensorflow" and bool(accelerators()))  # torch.compile takes minutes
