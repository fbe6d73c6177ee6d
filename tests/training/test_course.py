"""The course of the semantic codec: what its loss is made of."""

import numpy as np
import pytest


def test_a_detector_that_does_not_count_is_not_asked():
    from linksim.training.course import Course

    images = np.random.default_rng(0).integers(0, 256, (24, 64, 64, 3)).astype(np.uint8)
    finds = [(np.array([[8, 8, 40, 40]], np.float32), np.array([0.9], np.float32))] * 24
    course = Course(images, finds, ["no-such-detector"], crop=32, zoom=1.0, uses=16, batch=4, masks=True, rate=1e-3,
                    start=None, seed=1, error_weight=7.0, feature_weight=0.0, answer_weight=0.0)
    total, error, features, answers = np.asarray(course.model.predict_on_batch(course.held_out[0][0])).T
    assert (error > 0).all() and not features.any() and not answers.any()
    assert total == pytest.approx(7 * error, rel=1e-5)
