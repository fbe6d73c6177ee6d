"""Official YOLOv5 v6/v7 weights from an ONNX export (of any precision) into a weights file of kind "yolov5".

Read with the `onnx` package alone: nothing of the graph is executed. Convolutions come in execution order in
both networks, and each one's shape is checked; depth, width and number of classes follow from the shapes.
"""

import ast
import math
from pathlib import Path

import numpy as np

from linksim.errors import UserError

HINT = "Expected: the ONNX export of a YOLOv5 v6/v7 detection model (n, s, m or another size)."


def import_yolov5(file: Path, out: Path) -> Path:
    """Write `out` (.npz, and its card) from the ONNX `file`; returns `out`. UserError where it isn't YOLOv5's."""
    from linksim import weights
    from linksim.tasks.yolov5.network import build_yolov5

    file, out = Path(file), Path(out)
    graph, metadata = _read(file)
    kernels = _convolutions(graph, file)
    depth, width, classes = _multiples(kernels, file)
    model = build_yolov5(depth, width, classes, dtype="float32")
    layers = sorted((layer for layer in model.layers if layer.weights), key=lambda layer: _order(layer.name))
    if len(layers) != len(kernels):
        raise UserError(f"{file}: {len(kernels)} convolutions where YOLOv5 of this size has {len(layers)}. {HINT}")
    arrays = {}
    for layer, (name, kernel, bias) in zip(layers, kernels, strict=True):
        kernel = kernel.transpose(2, 3, 1, 0)  # (out, in, h, w) to (h, w, in, out)
        if kernel.shape != tuple(layer.kernel.shape):
            raise UserError(f"{file}: convolution {name!r} has shape {kernel.shape} where YOLOv5's "
                            f"{layer.name} has {tuple(layer.kernel.shape)}. {HINT}")
        arrays |= {layer.kernel.path: kernel, layer.bias.path: bias}
    weights.save(out, arrays, {
        "kind": "yolov5", "name": out.stem, "data": "as the imported file says", "recipe": "imported from ONNX",
        "command": f"linksim import yolov5 {file.name}", "classes": _names(metadata, classes, file),
        "config": {"depth": depth, "width": width, "anchors": _anchors(graph, file).tolist()},
    })
    return out


def _read(file: Path):
    import onnx
    from google.protobuf.message import DecodeError

    if not file.is_file():
        raise UserError(f"{file}: no such file. {HINT}")
    try:
        model = onnx.load(str(file), load_external_data=False)
    except (DecodeError, ValueError) as error:
        raise UserError(f"{file}: not an ONNX file ({error}). {HINT}") from None
    if not model.graph.node:
        raise UserError(f"{file}: not an ONNX file, or one without a graph. {HINT}")
    return model.graph, {p.key: p.value for p in model.metadata_props}


def _convolutions(graph, file: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, kernel [O, I, h, w], bias [O]) of every convolution, in graph order."""
    from onnx import numpy_helper

    arrays = {i.name: i for i in graph.initializer}
    found = []
    for node in graph.node:
        if node.op_type == "BatchNormalization":
            raise UserError(f"{file}: batch normalisation isn't folded into the convolutions; export in inference mode")
        if node.op_type == "Conv":
            if len(node.input) != 3 or not all(name in arrays for name in node.input[1:]):
                raise UserError(f"{file}: convolution {node.name!r} has no constant kernel and bias. {HINT}")
            found.append((node.input[1], *(numpy_helper.to_array(arrays[name]) for name in node.input[1:])))
    if len(found) < 10:
        raise UserError(f"{file}: {len(found)} convolutions found. {HINT}")
    return found


def _order(name: str) -> list[int]:
    """Sorting key that puts "model.4.m.1.cv2.conv" and the like in execution order."""
    inside = {"cv1": 0, "m": 1, "cv2": 2, "cv3": 3}
    return [inside[p] if p in inside else int(p) for p in name.split(".") if p not in ("model", "conv")]


def _multiples(kernels: list, file: Path) -> tuple[float, float, int]:
    """Depth and width multiples and the number of classes, from shapes."""
    first, heads = kernels[0][1].shape, [k.shape for _, k, _ in kernels if k.shape[0] == kernels[-1][1].shape[0]][-3:]
    if first[1:] != (3, 6, 6):
        raise UserError(f"{file}: the first convolution has shape {first}, YOLOv5's (.., 3, 6, 6). {HINT}")
    outputs, wide = heads[-1][0], heads[-1][1]
    if outputs % 3 or outputs < 18 or heads[-1][2:] != (1, 1) or len(heads) != 3:
        raise UserError(f"{file}: heads of shapes {heads}; YOLOv5's have 3 * (5 + classes) outputs "
                        f"and a 1 x 1 kernel. {HINT}")
    bottlenecks = (len(kernels) - 38) / 2  # all other convolutions are 38, whatever the depth
    for repeats in range(1, 5):  # the C3 of 3 nominal bottlenecks has so many
        depth = repeats / 3
        if sum(max(round(n * depth), 1) for n in (3, 6, 9, 3, 3, 3, 3, 3)) == bottlenecks:
            return depth, wide / 1024, outputs // 3 - 5
    raise UserError(f"{file}: {len(kernels)} convolutions fit no depth multiple of YOLOv5 v6/v7. {HINT}")


def _names(metadata: dict, classes: int, file: Path) -> list[str]:
    try:
        names = ast.literal_eval(metadata.get("names", "None"))
    except (ValueError, SyntaxError):
        names = None
    if isinstance(names, dict):
        names = [names[key] for key in sorted(names)]
    if not isinstance(names, list) or len(names) != classes:
        raise UserError(f"{file}: its metadata must name the {classes} classes (key 'names'), found {names!r}. {HINT}")
    return [str(name) for name in names]


def _anchors(graph, file: Path) -> np.ndarray:
    """[3, 3, 2] pixels: from the constants that multiply the sizes, [1, 3, h, w, 2] and the same in every cell."""
    from onnx import numpy_helper

    constants = [numpy_helper.to_array(a.t) for n in graph.node if n.op_type == "Constant"
                 for a in n.attribute if a.name == "value"]
    constants += [numpy_helper.to_array(i) for i in graph.initializer]
    found = []
    for c in constants:
        if c.ndim == 5 and c.shape[1] == 3 and c.shape[-1] == 2 and (c == c[:, :, :1, :1]).all() and c.min() > 0:
            found.append(c[0, :, 0, 0].astype(np.float32))
    if len(found) != 3:
        raise UserError(f"{file}: {len(found)} sets of anchors where YOLOv5 has 3; export with a fixed input size")
    return np.stack(sorted(found, key=lambda a: math.prod(a.sum(0))))
