"""A detector the user brings as ONNX file, run by onnxruntime: YOLOv5's and NanoDet's output forms.

YOLOv5: input RGB in [0, 1]; one output [B, N, 5 + C]: centre, size (pixels), objectness, class scores.
NanoDet (Lyu, NanoDet, 2020; generalized focal loss): input BGR, normalised; per stride 8, 16, 32 class scores [n, C]
and distances [n, 4 x 8] of the four sides from the cell's centre, each the mean of 8 softmax bins, in strides.
"""

import ast
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.tasks.labels import COCO

BINS = 8
BGR_MEAN, BGR_STD = np.array([103.53, 116.28, 123.675]), np.array([57.375, 57.12, 58.395])


class OnnxJudge:
    """names: the detector's classes. size: side of its square input in pixels. batch: pictures per call."""

    def __init__(self, path: str, size: int):
        try:
            import onnxruntime
        except ImportError:
            raise UserError("the judge 'onnx' needs onnxruntime: pip install 'linksim[onnx]'") from None
        if not Path(path).is_file():
            raise UserError(f"task.weights: no file {path!r}; the judge 'onnx' needs the path of an ONNX detector")
        try:
            self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no public common class
            raise UserError(f"{path}: onnxruntime can't load it ({str(error).splitlines()[0]})") from None
        self.path, self.input = path, self.session.get_inputs()[0]
        self.batch, fixed = self._shape(size)
        if fixed != size:
            raise UserError(f"task.input_size: {path} takes {fixed} x {fixed} pixels, the scenario says {size}")
        self.size, self.type = size, np.float16 if "float16" in self.input.type else np.float32
        shapes = [o.shape for o in self._run(np.zeros((self.batch, size, size, 3), np.float32))]
        self.form, classes = self._form(shapes)
        self.names = self._names(classes)

    def __call__(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates before suppression in pictures float32 [B, size, size, 3], RGB in 0 to 255.

        Returns boxes float32 [B, N, 4] (x0 y0 x1 y1, pixels of the input) and scores float32 [B, N, C].
        """
        decode, scale = (self._yolov5, self._rgb) if self.form == "yolov5" else (self._nanodet, self._bgr)
        x = scale(pictures)
        parts = [decode(self._run(x[i : i + self.batch])) for i in range(0, len(x), self.batch)]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _run(self, x: np.ndarray) -> list[np.ndarray]:
        missing = self.batch - len(x)
        x = np.pad(x, ((0, missing), (0, 0), (0, 0), (0, 0))).transpose(0, 3, 1, 2).astype(self.type)
        out = self.session.run(None, {self.input.name: np.ascontiguousarray(x)})
        return [o[: len(o) - missing] if o.ndim == 3 else o for o in out]

    @staticmethod
    def _rgb(pictures: np.ndarray) -> np.ndarray:
        return pictures / 255

    @staticmethod
    def _bgr(pictures: np.ndarray) -> np.ndarray:
        return (pictures[..., ::-1] - BGR_MEAN) / BGR_STD

    @staticmethod
    def _yolov5(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        out = outputs[0].astype(np.float32)
        centre, half = out[..., :2], out[..., 2:4] / 2
        return np.concatenate([centre - half, centre + half], -1), out[..., 4:5] * out[..., 5:]

    def _nanodet(self, outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        outputs = [o.astype(np.float32).reshape(-1, o.shape[-1]) for o in outputs]
        boxes, scores = [], []
        for stride in (8, 16, 32):
            cells = self.size // stride
            here = [o for o in outputs if len(o) == cells**2]
            bins = np.exp(next(o for o in here if o.shape[1] == 4 * BINS)).reshape(-1, 4, BINS)
            distance = bins @ np.arange(BINS, dtype=np.float32) / bins.sum(-1) * stride
            y, x = np.divmod(np.arange(cells**2), cells)
            centre = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32) * stride
            boxes.append(np.concatenate([centre - distance[:, :2], centre + distance[:, 2:]], 1))
            scores.append(next(o for o in here if o.shape[1] != 4 * BINS))
        return np.concatenate(boxes)[None], np.concatenate(scores)[None]

    def _shape(self, size: int) -> tuple[int, int]:
        shape = self.input.shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] and isinstance(shape[2], int):
            raise UserError(f"{self.path}: input {shape}; a detector for square pictures takes [B, 3, S, S]")
        return (shape[0] if isinstance(shape[0], int) else 1), (shape[2] if isinstance(shape[2], int) else size)

    def _form(self, shapes: list[tuple[int, ...]]) -> tuple[str, int]:
        cells = [(self.size // stride) ** 2 for stride in (8, 16, 32)]
        if len(shapes[0]) == 3 and shapes[0][1] == 3 * sum(cells) and shapes[0][2] > 5:
            return "yolov5", shapes[0][2] - 5
        wide = sorted(s[-1] for s in shapes)
        rows = sorted(int(np.prod(s[:-1])) for s in shapes)
        if len(shapes) == 6 and rows == sorted(2 * cells) and wide.count(4 * BINS) == 3 and len(set(wide)) == 2:
            return "nanodet", next(w for w in wide if w != 4 * BINS)
        raise UserError(f"{self.path}: outputs of shapes {shapes} are neither YOLOv5's [B, {3 * sum(cells)}, "
                        f"5 + classes] nor NanoDet's [n, classes] and [n, {4 * BINS}] with n = {cells}")

    def _names(self, classes: int) -> tuple[str, ...]:
        text = self.session.get_modelmeta().custom_metadata_map.get("names")
        try:
            names = ast.literal_eval(text) if text else COCO
        except (ValueError, SyntaxError):
            names = ()
        names = tuple(names.values()) if isinstance(names, dict) else tuple(names)
        if len(names) != classes:
            raise UserError(f"{self.path}: {classes} classes, but its metadata ('names') names {len(names)}")
        return names
