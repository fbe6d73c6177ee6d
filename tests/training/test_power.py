"""The scale of a semantic-aware model's weights: what a threshold leaves out, never which features go first."""

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.training.awareness import power_for


@pytest.mark.parametrize("saving", [0.15, 0.237, 0.3])
@pytest.mark.parametrize("shape", [(1.2, 2.0), (2.0, 3.0)])
def test_raising_mu_from_2_to_3_tenths_leaves_out_what_was_asked_for(saving, shape):
    weights = np.random.default_rng(2).beta(*shape, (50, 16, 16)).astype(np.float32)
    scaled = weights ** power_for(weights, saving)
    saved = 1 - (scaled >= 0.3).sum() / (scaled >= 0.2).sum()
    assert saved == pytest.approx(saving, abs=0.011)


def test_what_leaves_out_as_much_already_stays():
    weights = np.r_[np.full(763, 0.5), np.full(237, 0.25), np.full(500, 0.1)].reshape(1, 1, -1)
    assert power_for(weights, 0.237) == 1.0


def test_weights_that_are_all_or_nothing_have_no_such_scale():
    with pytest.raises(UserError, match="no power from .2 to 3"):
        power_for(np.array([[[0.0, 1.0]]]), 0.237)
