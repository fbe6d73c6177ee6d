"""What a run has freed goes back to the system, where the GNU C library would keep it and a long run would grow. Other
libraries aren't asked."""

import ctypes
from functools import cache

MAPPED = 4_000_000  # bytes from which an array is taken from the system by itself
M_MMAP_THRESHOLD = -3  # of malloc.h


def give_back() -> None:
    """Hand back what was freed, but lies in pieces between what is in use."""
    if trim := _allocator("malloc_trim"):
        trim(0)


@cache
def keep_little() -> None:
    """Have large arrays taken one by one, and handed back when they are freed. Left alone the library raises the size
    that counts as large to 32 MB as soon as such arrays come and go."""
    if option := _allocator("mallopt"):
        option(M_MMAP_THRESHOLD, MAPPED)


@cache
def _allocator(function: str):
    """A function of the C library's allocator; None where it has no such thing."""
    try:
        return getattr(ctypes.CDLL(None), function, None)
    except (OSError, TypeError):  # Windows
        return None
