"""The network against published facts about it, and its parts against plain formulas."""

import numpy as np
import pytest

from linksim import weights
from linksim.tasks.nms import nms, observations
from linksim.tasks.yolov5 import network

SIZE, CLASSES = 64, 3


@pytest.fixture(scope="module")
def trained_like():
    """A small network with batch normalisation, its statistics and biases away from their start."""
    model = network.build_yolov5(1 / 3, 0.25, CLASSES, SIZE, fused=False)
    rng = np.random.default_rng(0)
    for v in model.weights:
        if v.name in ("gamma", "moving_variance"):
            v.assign(rng.uniform(0.5, 1.5, v.shape))
        elif v.name in ("beta", "moving_mean"):
            v.assign(rng.normal(0, 0.3, v.shape))
    return model


@pytest.mark.parametrize("name, parameters", [("n", 1_872_157), ("s", 7_235_389), ("m", 21_190_557)])
def test_sizes_have_the_published_number_of_parameters(name, parameters):
    model = network.build_yolov5(*network.MULTIPLES[name], classes=80, fused=False)
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters


def test_heads_and_features_have_their_strides(trained_like):
    black = np.zeros((2, SIZE, SIZE, 3), np.float32)
    heads, features = trained_like(black), network.features_model(trained_like)(black)
    assert [tuple(h.shape) for h in heads] == [(2, SIZE // s, SIZE // s, 3 * (5 + CLASSES)) for s in network.STRIDES]
    assert [tuple(f.shape) for f in features] == [(2, 8, 8, 64), (2, 4, 4, 128), (2, 2, 2, 256)]


def test_folding_batch_normalisation_changes_nothing(trained_like):
    fused = network.build_yolov5(1 / 3, 0.25, CLASSES, SIZE)
    weights.assign(fused, network.fold(trained_like))
    x = np.random.default_rng(1).random((2, SIZE, SIZE, 3), np.float32)
    for a, b in zip(trained_like(x, training=False), fused(x, training=False), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=2e-4)


def test_fused_batch_normalisation_trains_as_keras_does():
    import keras
    import tensorflow as tf

    from linksim.tasks.yolov5.batchnorm import BatchNormalization

    x = tf.constant(np.random.default_rng(2).normal(1, 2, (8, 6, 6, 4)), tf.float32)
    results = []
    for cls in (BatchNormalization, keras.layers.BatchNormalization):
        layer = cls(momentum=0.9, epsilon=1e-3)
        layer.build(x.shape)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(y**3)
        results.append([y, tape.gradient(loss, x), layer.moving_mean, layer.moving_variance])
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(np.asarray(mine), np.asarray(theirs), rtol=5e-3, atol=1e-3)


def test_decode_is_the_formula():
    rng = np.random.default_rng(3)
    heads = [rng.normal(0, 1, (2, SIZE // s, SIZE // s, 3 * (5 + CLASSES))).astype(np.float32) for s in network.STRIDES]
    boxes, scores = (np.asarray(a) for a in network.decode(heads, network.COCO_ANCHORS))
    level, y, x, anchor, stride = 1, 2, 3, 2, 16
    s = 1 / (1 + np.exp(-heads[level][1, y, x].reshape(3, -1)[anchor]))
    centre = (2 * s[:2] - 0.5 + [x, y]) * stride
    size = (2 * s[2:4]) ** 2 * network.COCO_ANCHORS[level][anchor]
    row = (SIZE // 8) ** 2 * 3 + (y * SIZE // 16 + x) * 3 + anchor
    np.testing.assert_allclose(boxes[1, row], np.concatenate([centre - size / 2, centre + size / 2]), rtol=1e-4)
    np.testing.assert_allclose(scores[1, row], s[4] * s[5:], rtol=1e-4)


def test_wanted_classes_are_decoded_as_among_all():
    heads = [np.random.default_rng(i).normal(size=(2, s, s, 3 * 12)).astype("float32") for i, s in enumerate((8, 4, 2))]
    (boxes, scores), (same, some) = (network.decode(heads, network.COCO_ANCHORS, which) for which in (None, [5, 0, 2]))
    np.testing.assert_array_equal(boxes, same)
    np.testing.assert_allclose(some, np.asarray(scores)[..., [5, 0, 2]], rtol=1e-6)


def test_suppression_is_greedy_inside_each_class():
    rng = np.random.default_rng(4)
    corner = rng.uniform(0, 40, (2, 60, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(10, 30, (2, 60, 2))], -1).astype(np.float32)
    scores = rng.random((2, 60, CLASSES)).astype(np.float32)
    found = observations(*(np.asarray(a) for a in nms(boxes, scores, 0.3, 0.5, 300)))
    for b in range(2):
        expected = sorted(((s, c, i) for c in range(CLASSES) for s, i in _greedy(boxes[b], scores[b, :, c])),
                          reverse=True)
        np.testing.assert_array_equal(found[b]["scores"], [s for s, _, _ in expected])
        np.testing.assert_array_equal(found[b]["labels"], [c for _, c, _ in expected])
        np.testing.assert_array_equal(found[b]["boxes"], boxes[b, [i for _, _, i in expected]])


def _greedy(boxes, scores):
    kept = []
    for i in np.argsort(-scores):
        if scores[i] > 0.3 and all(_iou(boxes[i], boxes[j]) <= 0.5 for j in kept):
            kept.append(i)
    return [(scores[i], i) for i in kept]


def _iou(a, b):
    inner = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    return inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner)
