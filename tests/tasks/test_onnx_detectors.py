"""ONNX files made here: the import of YOLOv5 weights, and the judge's two output forms."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from linksim import weights
from linksim.errors import UserError
from linksim.tasks.detection import Detection
from linksim.tasks.yolov5 import network
from linksim.tasks.yolov5.onnx_import import _order, import_yolov5

NAMES = ("cat", "couch", "dog")
METADATA = str(dict(enumerate(NAMES)))


def _export(model, path, names=METADATA, drop=0, transpose=False):
    """The convolutions of `model` as an ONNX export has them (their wiring doesn't matter to the import)."""
    nodes, arrays = [], []
    layers = sorted((layer for layer in model.layers if layer.weights), key=lambda layer: _order(layer.name))
    for i, layer in enumerate(layers[: len(layers) - drop]):
        kernel = np.asarray(layer.kernel).transpose(3, 2, 0, 1)
        arrays += [numpy_helper.from_array(kernel.transpose(1, 0, 2, 3) if transpose else kernel, f"w{i}"),
                   numpy_helper.from_array(np.asarray(layer.bias), f"b{i}")]
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}", f"b{i}"], [f"x{i + 1}"]))
    for i, anchors in enumerate(np.array(network.COCO_ANCHORS, np.float32)):
        arrays.append(numpy_helper.from_array(np.tile(anchors[None, :, None, None], (1, 1, 4, 4, 1)), f"anchors{i}"))
    graph = helper.make_graph(nodes, "g", [], [], arrays)
    made = helper.make_model(graph)
    helper.set_model_props(made, {"names": names})
    onnx.save(made, str(path))


@pytest.fixture(scope="module")
def small():
    model = network.build_yolov5(1 / 3, 0.125, len(NAMES))
    rng = np.random.default_rng(0)
    for v in model.weights:
        v.assign(rng.normal(0, 0.1, v.shape))
    return model


def test_import_finds_sizes_classes_anchors_and_every_weight(small, tmp_path):
    _export(small, tmp_path / "y.onnx")
    out = import_yolov5(tmp_path / "y.onnx", tmp_path / "y.npz")
    model, card = network.from_weights(str(out))
    assert card["classes"] == list(NAMES) and card["config"]["anchors"] == np.array(network.COCO_ANCHORS).tolist()
    assert (card["config"]["depth"], card["config"]["width"]) == (1 / 3, 0.125)
    for name, array in weights.model_arrays(small).items():
        np.testing.assert_array_equal(array, weights.model_arrays(model)[name])


@pytest.mark.parametrize("change, message", [
    ({"drop": 4}, "heads of shapes|fit no depth"), ({"names": "{0: 'cat'}"}, "must name the 3 classes"),
    ({"transpose": True}, "first convolution has shape"),
])
def test_import_refuses_what_is_not_yolov5(small, tmp_path, change, message):
    _export(small, tmp_path / "y.onnx", **change)
    with pytest.raises(UserError, match=message):
        import_yolov5(tmp_path / "y.onnx", tmp_path / "y.npz")
    assert not (tmp_path / "y.npz").exists()


def test_import_refuses_other_files(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        import_yolov5(tmp_path / "none.onnx", tmp_path / "y.npz")
    (tmp_path / "text.onnx").write_text("not a network at all")
    with pytest.raises(UserError, match="not an ONNX file"):
        import_yolov5(tmp_path / "text.onnx", tmp_path / "y.npz")


def _constant_detector(path, outputs, size, names=None):
    """A detector that says the same of every picture."""
    nodes = [helper.make_node("Constant", [], [f"o{i}"], value=numpy_helper.from_array(o))
             for i, o in enumerate(outputs)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info(f"o{i}", TensorProto.FLOAT, o.shape) for i, o in enumerate(outputs)])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if names:
        helper.set_model_props(made, {"names": names})
    onnx.save(made, str(path))


def _judge(path, classes, size=64):
    pytest.importorskip("onnxruntime")
    return Detection(Detection.Config(type="detection", judge="onnx", weights=str(path), input_size=size), classes)


def test_yolov5_form(tmp_path):
    out = np.zeros((1, 3 * (64 + 16 + 4), 8), np.float32)
    out[0, 7] = [32, 16, 20, 8, 0.5, 0, 0.8, 0.1]
    _constant_detector(tmp_path / "y.onnx", [out], 64, METADATA)
    found = _judge(tmp_path / "y.onnx", ("sofa", "cat")).observe(np.zeros((3, 128, 128, 3), np.uint8))
    assert len(found) == 3
    np.testing.assert_allclose(found[2]["boxes"], [[44, 24, 84, 40]])  # in pixels of the picture: twice the input's
    np.testing.assert_allclose(found[2]["scores"], [0.4], rtol=1e-6)
    assert found[2]["labels"].tolist() == [0]  # COCO's couch is VOC's sofa
    with pytest.raises(UserError, match="task.judge: yolov5"):
        _judge(tmp_path / "y.onnx", ("cat",)).features(np.zeros((1, 64, 64, 3), np.uint8))


def test_nanodet_form(tmp_path):
    cells, bins = (64, 16, 4), 32
    scores = [np.zeros((n, 80), np.float32) for n in cells]
    sides = [np.zeros((n, bins), np.float32) for n in cells]
    scores[1][6, 16] = 0.9  # stride 16, cell x = 2, y = 1: a dog
    for side, steps in enumerate((1, 0, 2, 1)):
        sides[1][6, 8 * side + steps] = 50
    _constant_detector(tmp_path / "n.onnx", [*scores, *sides[::-1]], 64)
    found = _judge(tmp_path / "n.onnx", ("dog",)).observe(np.zeros((1, 64, 64, 3), np.uint8))[0]
    np.testing.assert_allclose(found["boxes"], [[40 - 16, 24, 40 + 32, 24 + 16]], atol=1e-3)
    assert found["scores"].tolist() == pytest.approx([0.9]) and found["labels"].tolist() == [0]


def test_judge_says_what_is_wrong(tmp_path):
    _constant_detector(tmp_path / "y.onnx", [np.zeros((1, 10, 8), np.float32)], 64)
    with pytest.raises(UserError, match="neither YOLOv5's"):
        _judge(tmp_path / "y.onnx", ("cat",))
    with pytest.raises(UserError, match="takes 64 x 64 pixels"):
        _judge(tmp_path / "y.onnx", ("cat",), size=96)
    with pytest.raises(UserError, match="no file"):
        _judge(tmp_path / "none.onnx", ("cat",))


def test_task_refuses_classes_the_detector_does_not_know(tmp_path):
    out = np.zeros((1, 3 * (64 + 16 + 4), 8), np.float32)
    _constant_detector(tmp_path / "y.onnx", [out], 64, METADATA)
    with pytest.raises(UserError, match="doesn't know 'jug'"):
        _judge(tmp_path / "y.onnx", ("cat", "jug"))
    with pytest.raises(UserError, match="no labelled classes"):
        _judge(tmp_path / "y.onnx", ())
