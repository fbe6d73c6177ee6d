"""Memory goes back to the system where the C library can be asked, and nothing fails where it can't."""

import ctypes
from types import SimpleNamespace

import pytest

from linksim.experiment import memory


@pytest.fixture
def library(monkeypatch):
    """Stands for the C library; what it was asked."""
    asked = []
    found = SimpleNamespace(malloc_trim=lambda *a: asked.append(("trim", *a)),
                            mallopt=lambda *a: asked.append(("option", *a)))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: found)
    forget()
    yield found, asked
    forget()


def forget():
    memory._allocator.cache_clear()
    memory.keep_little.cache_clear()


def test_the_library_is_asked_once_for_large_arrays_and_each_time_for_pieces(library):
    for _ in range(2):
        memory.keep_little()
        memory.give_back()
    assert library[1] == [("option", -3, memory.MAPPED), ("trim", 0), ("trim", 0)]


def test_a_library_without_them_is_left_alone(library):
    del library[0].malloc_trim, library[0].mallopt
    memory.keep_little()
    memory.give_back()
    assert library[1] == []
