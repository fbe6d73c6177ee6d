"""Assignment and loss of YOLOv5 against plain loops; augmentation keeps boxes on their objects."""

import numpy as np

from linksim.tasks.yolov5.network import STRIDES
from linksim.training.yolov5_data import BYTES, assign, augment, coded, fit_anchors

SIZE = 128
ANCHORS = np.array([[[8, 8], [16, 12], [12, 20]], [[30, 30], [40, 20], [20, 44]], [[60, 60], [90, 50], [50, 100]]])


def test_an_object_is_assigned_to_its_cell_and_the_two_nearest():
    objects = [np.array([[2, 40, 52, 60, 74]], np.float32), np.zeros((0, 5), np.float32)]  # centre 50, 63; 20 x 22
    target = assign(objects, ANCHORS, SIZE)
    assert target.shape == (2, 3 * sum((SIZE // s) ** 2 for s in STRIDES), 6) and not target[1].any()
    start = 0
    for anchors, stride in zip(ANCHORS, STRIDES, strict=True):
        cells = SIZE // stride
        level = target[0, start : start + 3 * cells**2].reshape(cells, cells, 3, 6)
        start += 3 * cells**2
        x, y = 50 / stride, 63 / stride
        near = {(int(y), int(x)), (int(y), int(x) + (1 if x % 1 >= 0.5 else -1)),
                (int(y) + (1 if y % 1 >= 0.5 else -1), int(x))}
        fits = [a for a in range(3) if max(20 / anchors[a][0], anchors[a][0] / 20, 22 / anchors[a][1],
                                           anchors[a][1] / 22) < 4]
        found = {tuple(c) for c in np.argwhere(level[..., 5] > 0).tolist()}
        assert found == {(j, i, a) for j, i in near for a in fits if 0 <= i < cells and 0 <= j < cells}
        np.testing.assert_array_equal(level[level[..., 5] > 0], np.tile([50, 63, 20, 22, 2, 1], (len(found), 1)))


def test_augmentation_moves_boxes_with_their_objects():
    for seed in range(20):
        picture = np.full((SIZE, SIZE, 3), 100, np.uint8)
        picture[40:90, 30:60] = 255
        image, objects = augment(picture, np.array([[1, 30, 40, 60, 90]], np.float32), np.random.default_rng(seed))
        middle = (float(image[..., 0].max()) + np.median(image[..., 0])) / 2  # soft or not, an edge is half way up
        bright = np.argwhere(image[..., 0] > middle)
        (y0, x0), (y1, x1) = bright.min(0), bright.max(0) + 1
        np.testing.assert_allclose(objects[0], [1, x0, y0, x1, y1], atol=1.5)


def test_a_window_of_a_picture_takes_its_objects_along():
    seen = 0
    for seed in range(40):
        picture = np.full((SIZE, SIZE, 3), 100, np.uint8)
        picture[50:80, 45:70] = 255
        image, objects = augment(picture, np.array([[1, 45, 50, 70, 80]], np.float32), np.random.default_rng(seed), 64)
        assert image.shape == (64, 64, 3) and (objects[:, 1:] >= 0).all() and (objects[:, 1:] <= 64).all()
        if len(objects):
            seen += 1
            middle = (float(image[..., 0].max()) + float(image[..., 0].min())) / 2
            bright = np.argwhere(image[..., 0] > middle)
            if np.ptp(image[..., 0]) > 60 and (objects[0, 1:] % 64 > 2).all():  # whole, and ground beside it
                (y0, x0), (y1, x1) = bright.min(0), bright.max(0) + 1
                np.testing.assert_allclose(objects[0], [1, x0, y0, x1, y1], atol=2)
    assert seen > 10


def test_artefacts_are_those_of_a_share_of_the_pictures():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (12, 64, 64, 3), np.uint8).astype(np.uint8)
    out = coded(pictures, range(100, 112), 0.5)
    changed = (out != pictures).any((1, 2, 3))
    assert 2 < changed.sum() < 10 and np.array_equal(out, coded(pictures, range(100, 112), 0.5))
    assert np.array_equal(coded(pictures[3:], range(103, 112), 0.5), out[3:])  # by index, whatever comes before
    assert BYTES[0] < BYTES[1] and not np.array_equal(coded(pictures, range(100, 112), 1.0), out)


def test_anchors_cover_the_boxes():
    rng = np.random.default_rng(0)
    wh = np.exp(rng.uniform(np.log(16), np.log(200), (500, 2)))
    anchors = fit_anchors([np.column_stack([np.zeros(500), np.zeros((500, 2)), wh]).astype(np.float32)], rng)
    ratio = wh[:, None] / anchors.reshape(-1, 2)
    assert anchors.shape == (3, 3, 2) and (np.diff(anchors.prod(-1).mean(1)) > 0).all()
    assert (np.maximum(ratio, 1 / ratio).max(-1).min(1) < 4).mean() > 0.99
