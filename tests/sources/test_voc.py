"""The devkit's layout: boxes, lists, letterbox, and every kind of damage named."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from linksim.errors import UserError
from linksim.registry import lookup
from linksim.sources.letterbox import GREY, letterbox

OBJECT = (
    "<object><name>{}</name><difficult>{}</difficult><bndbox>"
    "<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)
SIZE = "<size><width>{}</width><height>{}</height><depth>3</depth></size>"


def write(root: Path, name: str, objects, size=(80, 40), said=None):
    """One black picture with white objects, and its annotation."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for _, _, x0, y0, x1, y1 in objects:
        pixels[y0 - 1:y1, x0 - 1:x1] = 255
    Image.fromarray(pixels).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
    text = SIZE.format(*(said or size)) + "".join(OBJECT.format(*o) for o in objects)
    (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{text}</annotation>")


@pytest.fixture
def devkit(tmp_path):
    root = tmp_path / "VOC2012"
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    write(root, "a", [("dog", 0, 1, 1, 80, 40), ("cat", 1, 21, 11, 40, 30), ("sofa", 0, 1, 1, 9, 9)])
    write(root, "b", [("horse", 0, 5, 5, 20, 60)], size=(40, 80))
    write(root, "c", [("sofa", 0, 1, 1, 9, 9)])
    main = root / "ImageSets/Main"
    (main / "train.txt").write_text("c\nb\n")
    (main / "test.txt").write_text("a\nb\n\n")
    (main / "dog_test.txt").write_text("a  1\nb -1\n")
    return root


def source(root, split="test", **keys):
    cls = lookup("source", "voc")
    return cls(cls.Config(type="voc", path=str(root), **keys), split)


def test_boxes_are_edges_in_the_letterbox(devkit):
    pictures, (truth, tall) = source(devkit, size=160).batch([0, 1])
    assert truth.labels == ("dog", "cat") and truth.difficult.tolist() == [False, True]
    assert truth.boxes.dtype == np.float32
    assert truth.boxes.tolist() == [[0, 40, 160, 120], [40, 60, 80, 100]]
    assert tall.boxes.tolist() == [[40 + 8, 8, 40 + 40, 120]]
    assert (pictures[0, :39] == GREY).all() and (pictures[0, 121:] == GREY).all()
    assert pictures[0, 80, 60].min() > 240 and (pictures[1, :, :39] == GREY).all()
    inside = pictures[1, 12:116, 52:76]  # the white object, away from its edges
    assert inside.min() > 200


def test_lists_and_classes(devkit):
    assert source(devkit, "train").names == ["c", "b"]
    assert source(devkit, "calibration").names == ["c", "b"]
    assert source(devkit, imagesets={"test": "dog_test"}).names == ["a"]
    assert source(devkit, classes=["sofa"]).batch([0])[1][0].labels == ("sofa",)
    assert source(devkit, "train").batch([0])[1][0].boxes.shape == (0, 4)
    assert source(devkit).classes == ("dog", "cat", "person", "sheep", "horse", "cow")


@pytest.mark.parametrize(("keys", "message"), [
    ({"classes": ["hores"]}, "did you mean 'horse'"),
    ({"classes": ["dog", "dog"]}, "twice"),
    ({"imagesets": {"test": "val"}}, r"source.imagesets.test is 'val'.*dog_test, test, train"),
    ({"imagesets": {"test": "../../../secret"}}, "is no file"),
])
def test_bad_keys(devkit, keys, message):
    (devkit.parent / "secret.txt").write_text("a")
    with pytest.raises(UserError, match=message):
        source(devkit, **keys)


def test_missing_folder(devkit, tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        source(tmp_path / "nowhere")
    with pytest.raises(UserError, match="JPEGImages.* is missing"):
        source(devkit / "Annotations")


@pytest.mark.parametrize(("text", "reason"), [
    ("<annotation><object>", "no element found"),
    ("not xml", "syntax error"),
    ("", "no element found"),
    ("<annotation>" + OBJECT.format("dog", 0, 9, 1, 3, 4) + "</annotation>", "end lies before its start"),
    ("<annotation>" + OBJECT.format("dog", 0, "nan", 1, 3, 4) + "</annotation>", "xmin 'nan'"),
    ("<annotation>" + OBJECT.format("dog", 0, "x", 1, 3, 4) + "</annotation>", "no number"),
    ("<annotation>" + OBJECT.format("", 0, 1, 1, 3, 4) + "</annotation>", "object 1 has no name"),
    ("<annotation><object><name>dog</name></object></annotation>", "xmin None"),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><annotation>&b;</annotation>", "document type"),
    ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><annotation/>", "document type"),
    ("<annotation>&unknown;</annotation>", "undefined entity"),
    ("<annotation>" + " " * 2**20 + "</annotation>", "longer than"),
])
def test_bad_annotations_are_named(devkit, text, reason):
    (devkit / "Annotations/a.xml").write_text(text)
    with pytest.raises(UserError, match=rf"Annotations/a\.xml cannot be read: .*{reason}"):
        source(devkit)


def test_document_type_is_seen_in_any_encoding(devkit):
    text = "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a [<!ENTITY b 'c'>]><annotation>&b;</annotation>"
    (devkit / "Annotations/a.xml").write_bytes(text.encode("utf-16"))
    with pytest.raises(UserError, match="document type"):
        source(devkit)


def test_missing_files_are_named(devkit):
    (devkit / "JPEGImages/a.jpg").unlink()
    with pytest.raises(UserError, match=r"JPEGImages/a\.jpg is missing"):
        source(devkit).batch([0])
    (devkit / "Annotations/a.xml").unlink()
    with pytest.raises(UserError, match=r"Annotations/a\.xml is missing"):
        source(devkit)


@pytest.mark.parametrize("kept", [.5, .02, 0])
def test_truncated_jpeg_is_named(devkit, kept):
    path = devkit / "JPEGImages/a.jpg"
    data = path.read_bytes()
    path.write_bytes(data[:int(kept * len(data))])
    with pytest.raises(UserError, match=r"JPEGImages/a\.jpg cannot be read: "):
        source(devkit).batch([0])


def test_annotation_of_another_picture_is_named(devkit):
    write(devkit, "a", [], said=(81, 40))
    with pytest.raises(UserError, match=r"a\.jpg has \(80, 40\) pixels, but its annotation says \(81, 40\)"):
        source(devkit).batch([0])
    write(devkit, "b", [])
    outside = OBJECT.format("dog", 0, 90, 1, 95, 9)
    (devkit / "Annotations/b.xml").write_text(f"<annotation>{outside}</annotation>")
    with pytest.raises(UserError, match=r"b\.xml .*outside its picture"):
        source(devkit).batch([1])


@pytest.mark.parametrize("line", ["../a", "a/b", "..", "-1 2\x00"])
def test_bad_list_lines(devkit, line):
    (devkit / "ImageSets/Main/test.txt").write_text(line + "\n")
    with pytest.raises(UserError):
        source(devkit)


def test_empty_list(devkit):
    (devkit / "ImageSets/Main/test.txt").write_text("\n")
    with pytest.raises(UserError, match="names no picture"):
        source(devkit)


def test_letterbox_keeps_the_aspect_and_the_mean():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8))
    square, scale, offset = letterbox(noise, 100)
    assert square.shape == (100, 100, 3) and offset.tolist() == [0, 20] and scale.tolist() == [.2, .2]
    inside = square[20:80].astype(float)
    assert abs(inside.mean() - 127.5) < 2 and inside.std() < 30  # 74 without antialiasing
    assert letterbox(Image.new("RGB", (1, 500)), 64)[0].shape == (64, 64, 3)


@pytest.mark.skipif("LINKSIM_DATA" not in os.environ, reason="LINKSIM_DATA, a folder of data, is unset")
def test_real_photographs():
    root = Path(os.environ["LINKSIM_DATA"]) / "VOCdevkit/VOC2012"
    if not root.is_dir():
        pytest.skip(f"{root} is missing")
    test = source(root)
    assert len(test) == 600 and not set(test.names) & set(source(root, "train").names)
    pictures, truths = test.batch(range(0, 600, 20))
    assert pictures.shape == (30, 256, 256, 3)
    for truth in truths:
        assert (truth.boxes >= 0).all() and (truth.boxes <= 256).all()
        assert set(truth.labels) <= set(test.classes)
    assert any(note.difficult.any() for note in test.annotations)
