"""The YOLOv5 v6/v7 network: CSP backbone, SPPF, PAN neck, one 1 x 1 convolution per scale as head.

Source of the structure: Jocher et al., YOLOv5 v6.0 (2021), yolov5n/s/m. Names of layers follow the official
ones ("model.4.m.1.cv2"), so that a weight can be found on both sides. Layers are built in execution order.
"""

import math

import numpy as np

# Widths and heights in pixels of the network's input, per stride 8, 16, 32: those of the official COCO weights.
COCO_ANCHORS = (((10, 13), (16, 30), (33, 23)), ((30, 61), (62, 45), (59, 119)), ((116, 90), (156, 198), (373, 326)))
STRIDES = (8, 16, 32)
MULTIPLES = {"n": (1 / 3, 0.25), "s": (1 / 3, 0.5), "m": (2 / 3, 0.75)}  # depth, width
FEATURES = ("model.17.cv3", "model.20.cv3", "model.23.cv3")


def build_yolov5(depth: float, width: float, classes: int, input_size: int | None = None, fused: bool = True,
                 dtype=None):
    """keras.Model: RGB float [B, S, S, 3] in [0, 1] -> 3 raw heads [B, S/s, S/s, 3 * (5 + classes)], s = 8, 16, 32.

    depth, width: the multiples of `MULTIPLES`. fused: convolutions with a bias (inference, batch normalisation
    folded in) instead of convolution and batch normalisation (training). input_size: None leaves it open; a
    multiple of 32. dtype: the layers' dtype or policy (None: the global one).
    """
    import keras
    from keras import layers

    from linksim.tasks.yolov5.batchnorm import BatchNormalization

    def channels(c):
        return math.ceil(c * width / 8) * 8

    def conv(x, c, kernel, name, stride=1):
        if stride == 2 and kernel == 3:  # symmetric padding, as in the original; "same" would pad right and below
            x = layers.ZeroPadding2D(((1, 0), (1, 0)), dtype=dtype, name=named(name + ".pad"))(x)
        padding = "valid" if stride == 2 and kernel == 3 else "same"
        x = layers.Conv2D(c, kernel, stride, padding, use_bias=fused, dtype=dtype, name=named(name + ".conv"))(x)
        if not fused:
            x = BatchNormalization(momentum=0.97, epsilon=1e-3, dtype=dtype, name=named(name + ".bn"))(x)
        return layers.Activation("silu", dtype=dtype, name=named(name))(x)

    def c3(x, c, name, repeats, shortcut=True):
        y = conv(x, c // 2, 1, name + ".cv1")
        for i in range(max(round(repeats * depth), 1)):
            z = conv(conv(y, c // 2, 1, f"{name}.m.{i}.cv1"), c // 2, 3, f"{name}.m.{i}.cv2")
            y = layers.Add(dtype=dtype, name=named(f"{name}.m.{i}"))([y, z]) if shortcut else z
        return conv(concat([y, conv(x, c // 2, 1, name + ".cv2")], name), c, 1, name + ".cv3")

    def sppf(x, c, name):
        ys = [conv(x, x.shape[-1] // 2, 1, name + ".cv1")]
        for i in range(3):
            ys.append(layers.MaxPooling2D(5, 1, "same", dtype=dtype, name=named(f"{name}.m.{i}"))(ys[-1]))
        return conv(concat(ys, name), c, 1, name + ".cv2")

    def concat(xs, name):
        return layers.Concatenate(dtype=dtype, name=named(name + ".concat"))(xs)

    def up(x, name):
        return layers.UpSampling2D(2, dtype=dtype, name=named(name))(x)

    w3, w4, w5 = channels(256), channels(512), channels(1024)
    image = keras.Input((input_size, input_size, 3), name="image")
    x = conv(image, channels(64), 6, "model.0", stride=2)
    x = c3(conv(x, channels(128), 3, "model.1", stride=2), channels(128), "model.2", 3)
    p3 = c3(conv(x, w3, 3, "model.3", stride=2), w3, "model.4", 6)
    p4 = c3(conv(p3, w4, 3, "model.5", stride=2), w4, "model.6", 9)
    p5 = c3(conv(p4, w5, 3, "model.7", stride=2), w5, "model.8", 3)
    n5 = conv(sppf(p5, w5, "model.9"), w4, 1, "model.10")
    x = c3(concat([up(n5, "model.11"), p4], "model.12"), w4, "model.13", 3, shortcut=False)
    n4 = conv(x, w3, 1, "model.14")
    f3 = c3(concat([up(n4, "model.15"), p3], "model.16"), w3, "model.17", 3, shortcut=False)
    x = concat([conv(f3, w3, 3, "model.18", stride=2), n4], "model.19")
    f4 = c3(x, w4, "model.20", 3, shortcut=False)
    x = concat([conv(f4, w4, 3, "model.21", stride=2), n5], "model.22")
    f5 = c3(x, w5, "model.23", 3, shortcut=False)
    heads = []
    for i, (feature, stride) in enumerate(zip((f3, f4, f5), STRIDES, strict=True)):
        heads.append(layers.Conv2D(3 * (5 + classes), 1, bias_initializer=_head_bias(classes, stride), dtype=dtype,
                                   name=named(f"model.24.m.{i}"))(feature))
    return keras.Model(image, heads, name="yolov5")


def named(name: str) -> str:
    """What a layer of this name is called on the present Keras backend: PyTorch's parameters take no dots.
    `linksim.weights` writes the dot."""
    import keras

    return name.replace(".", ":") if keras.backend.backend() == "torch" else name


def features_model(model):
    """keras.Model on the same layers: image -> the 3 neck feature maps that the heads look at (stride 8, 16, 32)."""
    import keras

    return keras.Model(model.input, [model.get_layer(named(name)).output for name in FEATURES], name="yolov5_features")


def from_weights(name_or_path: str, input_size: int | None = None, dtype="float32"):
    """(model, card) from a weights file of kind "yolov5". card["config"]: depth, width, anchors; card["classes"]."""
    from linksim import weights

    arrays, card = weights.load(name_or_path, "yolov5")
    with weights.fitting(name_or_path):
        config = card["config"]
        model = build_yolov5(config["depth"], config["width"], len(card["classes"]), input_size, dtype=dtype)
        weights.assign(model, arrays)
    return model, card


def decode(heads, anchors, classes=None):
    """Boxes and scores from raw heads, in `keras.ops`.

    heads: 3 x [B, h, w, 3 * (5 + K)]; anchors: [3, 3, 2] pixels of the network's input; classes: the C of K that are
    wanted, by number, where it isn't all of them (of 80, a fifth of a detector's time). With s = sigmoid(head):
        centre = (2 s_xy - 1/2 + cell) stride,   size = (2 s_wh)^2 anchor,   score_c = s_obj s_c
    Returns boxes float32 [B, N, 4] (x0 y0 x1 y1, pixels of the network's input) and scores float32 [B, N, C].
    """
    from keras import ops

    boxes, scores = [], []
    for head, anchor, stride in zip(heads, anchors, STRIDES, strict=True):
        _, h, w, c = head.shape
        s = ops.reshape(head, (-1, h, w, 3, c // 3))
        if classes is not None:
            s = ops.take(s, [0, 1, 2, 3, 4, *(5 + one for one in classes)], axis=-1)
        s = ops.sigmoid(ops.cast(s, "float32"))
        cell = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1)[:, :, None].astype(np.float32)  # (h, w, 1, 2)
        centre = (2 * s[..., 0:2] + ops.convert_to_tensor(cell - 0.5)) * stride
        half = 2 * s[..., 2:4] ** 2 * ops.convert_to_tensor(np.asarray(anchor, np.float32))
        boxes.append(ops.reshape(ops.concatenate([centre - half, centre + half], -1), (-1, h * w * 3, 4)))
        scores.append(ops.reshape(s[..., 4:5] * s[..., 5:], (-1, h * w * 3, s.shape[-1] - 5)))
    return ops.concatenate(boxes, 1), ops.concatenate(scores, 1)


def fold(model) -> dict[str, np.ndarray]:
    """Arrays of the fused model from a trained one with batch normalisation (float32, by variable path)."""
    arrays = {}
    for layer in model.layers:
        if not layer.weights or layer.name.endswith(named(".bn")):
            continue
        kernel, *bias = (np.asarray(v, np.float32) for v in layer.weights)
        if not bias:
            bn = model.get_layer(layer.name.removesuffix(named(".conv")) + named(".bn"))
            gamma, beta, mean, var = (np.asarray(v, np.float32) for v in
                                      (bn.gamma, bn.beta, bn.moving_mean, bn.moving_variance))
            scale = gamma / np.sqrt(var + bn.epsilon)
            kernel, bias = kernel * scale, [beta - mean * scale]
        name = layer.name.replace(":", ".")
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias[0]}
    return arrays


def _head_bias(classes: int, stride: int):
    """Start from rare objects: 8 per picture of 640 px over all cells, class probability .6 / (classes - 1)."""
    bias = np.zeros((3, 5 + classes), np.float32)
    bias[:, 4] = math.log(8 / (640 / stride) ** 2)
    bias[:, 5:] = math.log(0.6 / max(classes - 0.99999, 0.6))
    return lambda shape, dtype=None: bias.reshape(shape)
