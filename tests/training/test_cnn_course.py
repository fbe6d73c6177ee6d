"""What the masked CNN codec is shown in training."""

import numpy as np

from linksim.training.cnn_course import TAUGHT, Lessons, draw_sent


def test_something_is_always_sent():
    rng = np.random.default_rng(0)
    for _ in range(200):
        keep, few = draw_sent(rng, np.zeros((4, 4), np.float32))
        assert keep.any() and few in (0, 3, 6)


def test_lessons_have_the_shapes_of_the_course_and_repeat_where_asked():
    pictures = np.random.default_rng(1).integers(0, 256, (5, 64, 64, 3)).astype(np.uint8)
    finds = [(np.array([[10, 10, 40, 40]], np.float32), np.array([0.9], np.float32))] * 5
    lessons = Lessons(pictures, finds, 32, 6, 3, 2, 0, repeat=True)
    (crops, there, step, unit), _ = lessons[1]
    assert crops.shape == (3, 32, 32, 3) and there.shape == unit.shape == (3, 2, 2, 6) and step.shape == (3,)
    assert set(np.unique(there)) <= {0.0, 1.0} and np.abs(unit).max() <= 0.5
    assert (step >= TAUGHT[0]).all() and (step <= TAUGHT[1]).all()
    lessons.on_epoch_end()
    np.testing.assert_array_equal(lessons[1][0][0], crops)
