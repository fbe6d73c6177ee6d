"""Sound files of every kind that linksim reads, and ways to damage them."""

import io
import json
import struct
import zipfile
from hashlib import sha256

import numpy as np


def npz(arrays: dict) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def linear_weights() -> tuple[bytes, dict]:
    """Weights of kind "linear" and their card, as `linksim.weights` reads them."""
    random = np.random.default_rng(0)
    data = npz({"mean": random.normal(size=768).astype(np.float16), "basis": random.normal(size=(768, 8)),
                "deviation": np.linspace(1, 0.1, 8)})
    return data, {"kind": "linear", "name": "mine", "config": {"uses": 4}, "classes": ["a"]}


def jpeg(side: int = 48, kind: str = "JPEG") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    picture = np.random.default_rng(1).integers(0, 255, (side, side, 3)).astype(np.uint8)
    Image.fromarray(picture).save(out, kind)
    return out.getvalue()


def png_bomb(side: int = 60_000) -> bytes:
    """A PNG that says it has side x side pixels, in a hundred bytes."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zipfile.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x\x9c\x03\x00\x00\x00\x00\x01") + chunk(
        b"IEND", b"")


XML = b"""<annotation><filename>one.jpg</filename><size><width>48</width><height>48</height><depth>3</depth></size>
<object><name>dog</name><difficult>0</difficult><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>30</xmax><ymax>40</ymax>
</bndbox></object><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>
</object></annotation>"""
XML_BOMB = b"<!DOCTYPE a [<!ENTITY a0 'ha'>" + b"".join(
    b"<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;'>" % (i, *[i - 1] * 4) for i in range(1, 40)) + (
    b"]><annotation>&a39;</annotation>")
XML_ODD = [
    XML_BOMB, b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><annotation>&x;</annotation>",
    b"<!DOCTYPE a SYSTEM 'http://localhost:1/a.dtd'><annotation/>", b"<a>" * 20_000 + b"</a>" * 20_000,
    b"<a>" * 100_000, b"", b"\x00" * 50, b"<?xml version='1.0' encoding='utf-99'?><annotation/>",
    XML.decode().encode("utf-16"),
    b"<?xml version='1.0' encoding='utf-7'?>" + XML, XML.replace(b"<xmin>3", b"<xmin>1e308"),
    XML.replace(b"<xmin>3", b"<xmin>nan"), XML.replace(b"<xmin>3", b"<xmin>-1"), XML.replace(b">48<", b">0<"),
    XML.replace(b">48<", b">" + b"9" * 400 + b"<"), XML.replace(b"dog", b"&amp;" * 9), XML.replace(b"dog", b""),
    XML.replace(b"<name>dog</name>", b""), XML.replace(b"annotation", b"svg"), XML * 2,
    b"<annotation " + b"a='1' " * 999, b"<annotation>" + b"<object/>" * 5000 + b"</annotation>",
    XML + b"<!-- " + b"x" * 2**20 + b" -->",
]


def carded(data: bytes, card: dict) -> bytes:
    """The card of weights that say they are whole."""
    return json.dumps(card | {"sha256": sha256(data).hexdigest()}).encode()


def weights_odd() -> list[tuple[bytes, bytes]]:
    """Weights with a true checksum that nobody should have made."""
    sound, card = linear_weights()
    arrays = dict(np.load(io.BytesIO(sound)))
    bodies = [npz({}), npz({"mean": np.zeros(3)}), npz(arrays | {"mean": np.array(["a"] * 768)}),
              npz(arrays | {"basis": np.zeros((768, 0))}), npz(arrays | {"basis": np.zeros((0, 0))}),
              npz(arrays | {"basis": np.full((768, 8), np.nan)}), npz(arrays | {"deviation": np.zeros((8, 8))}),
              npz(arrays | {"basis": np.zeros((768, 7))}), npz(arrays | {"mean": np.array(1.0)}),
              npz(arrays | {"basis": np.zeros((768, 8), complex)}), npz(arrays | {"mean": np.zeros(768, "M8[s]")}),
              _pickled(), _claiming((2**20, 2**20)), _claiming((-1,)), _claiming("x"), _zip({"../../out.npy": b"x"}),
              _zip({"mean.npy": b"\x93NUMPY\x09\x00"}), _zip({"mean.npy": b""}), _zip({}), b"", b"PK\x03\x04",
              sound[:-30], _zip({"mean.npy": bytes(2**22)})]
    cards = [b"", b"[]", b"null", b"{" * 100_000, b"[" * 100_000, b"\xff\xfe", b'{"kind": NaN}',
             carded(sound, {"kind": ["linear"]}), carded(sound, card | {"config": None}), b'{"kind": "linear"}',
             carded(sound, card | {"kind": "sesc"}), b"9" * 10_000,
             carded(sound, card)[:-1] + b', "a": ' + b"9" * 5000 + b"}"]
    return [(body, carded(body, card)) for body in bodies] + [(sound, one) for one in cards]


def _pickled() -> bytes:
    out = io.BytesIO()
    np.savez(out, mean=np.array([{"a": 1}], object))
    return out.getvalue()


def _claiming(shape) -> bytes:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117).encode() + b"\n"
    return _zip({"mean.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"1234"})


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def onnx_detector() -> bytes:
    """A detector of YOLOv5's output form that says the same of every picture of 32 x 32 pixels."""
    from onnx import TensorProto, helper, numpy_helper

    said = np.random.default_rng(2).random((1, 63, 8)).astype(np.float32)
    nodes = [helper.make_node("Constant", [], ["o"], value=numpy_helper.from_array(said))]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, said.shape)])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(made, {"names": "{0: 'a', 1: 'b', 2: 'c'}"})
    return made.SerializeToString()


def onnx_convolutions(classes: int = 3) -> bytes:
    """Convolutions as in an export of the smallest YOLOv5, of width 1/32."""
    from onnx import helper, numpy_helper

    from linksim.tasks.yolov5 import network
    from linksim.tasks.yolov5.onnx_import import _order

    model = network.build_yolov5(1 / 3, 1 / 32, classes)
    layers = sorted((layer for layer in model.layers if layer.weights), key=lambda layer: _order(layer.name))
    arrays, nodes = [], []
    for i, layer in enumerate(layers):
        kernel = np.asarray(layer.kernel).transpose(3, 2, 0, 1)
        arrays += [numpy_helper.from_array(np.ascontiguousarray(kernel), f"w{i}"),
                   numpy_helper.from_array(np.asarray(layer.bias), f"b{i}")]
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}", f"b{i}"], [f"x{i + 1}"]))
    for i, anchors in enumerate(np.array(network.COCO_ANCHORS, np.float32)):
        arrays.append(numpy_helper.from_array(np.tile(anchors[None, :, None, None], (1, 1, 2, 2, 1)), f"anchors{i}"))
    made = helper.make_model(helper.make_graph(nodes, "g", [], [], arrays))
    helper.set_model_props(made, {"names": str({i: f"class {i}" for i in range(classes)})})
    return made.SerializeToString()


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """`data` with bytes changed, cut, repeated, moved or put in."""
    out = bytearray(data)
    for _ in range(random.integers(1, 5)):
        at, count = int(random.integers(0, max(len(out), 1))), int(random.choice([1, 1, 2, 4, 16, 300]))
        some = random.integers(0, 256, count).astype(np.uint8).tobytes()
        how = random.integers(0, 7)
        if how == 0:
            out[at : at + count] = some[: len(out[at : at + count])]
        elif how == 1:
            out[at : at + 1] = bytes([out[at] ^ 1 << int(random.integers(0, 8))]) if at < len(out) else b""
        elif how == 2:
            del out[at : at + count]
        elif how == 3:
            out[at:at] = some
        elif how == 4:
            out[at : at + count] = random.choice([b"\x00", b"\xff"]) * count
        elif how == 5:
            out[at:at] = out[at : at + count]
        elif random.random() < 0.3:
            del out[at:]
    return bytes(out)
