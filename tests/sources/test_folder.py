"""Pictures without labels."""

import numpy as np
import pytest
from PIL import Image

from linksim.errors import UserError
from linksim.registry import lookup


def source(path, **keys):
    cls = lookup("source", "folder")
    return cls(cls.Config(type="folder", path=str(path), size=64, **keys), "test")


@pytest.fixture
def folder(tmp_path):
    for name, grey in (("b.png", 200), ("a.JPG", 50), ("c.jpeg", 100)):
        Image.new("RGB", (30, 20), (grey,) * 3).save(tmp_path / name)
    Image.new("LA", (20, 30)).save(tmp_path / "d.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_sorted_and_without_labels(folder):
    pictures, truths = source(folder).batch([0, 1, 2, 3])
    assert pictures.shape == (4, 64, 64, 3) and pictures.dtype == np.uint8
    assert np.abs(pictures[:3, 32, 32, 0].astype(int) - [50, 200, 100]).max() < 3
    assert len(source(folder)) == 4
    assert all(t.boxes.shape == (0, 4) and t.labels == () and t.difficult.shape == (0,) for t in truths)
    with pytest.raises(IndexError):
        source(folder).batch([4])


def test_damage_is_named(folder, tmp_path):
    (folder / "a.JPG").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"a\.JPG cannot be read"):
        source(folder).batch([0])
    with pytest.raises(UserError, match="no folder"):
        source(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="holds no"):
        source(empty)
