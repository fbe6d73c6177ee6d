"""The number format of a course, by what is fast where it runs.

On a GPU that is bfloat16. On a CPU float32, by TensorFlow's own convolutions, takes two thirds of the time that
bfloat16 takes under XLA (`python benchmarks/training.py`). Whether XLA compiles a course is Keras's own choice: on a
CPU with TensorFlow it doesn't.
"""

from typing import Literal

Precision = Literal["float32", "mixed_bfloat16"]


def suited() -> Precision:
    """The Keras dtype policy that suits this machine."""
    from linksim.training.cards import accelerators

    return "mixed_bfloat16" if accelerators() else "float32"
