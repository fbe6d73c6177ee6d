"""What saves a share of the uses: the smallest threshold, or the most uses a feature; and none where none does."""

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.experiment.saving import mu_for_saving, uses_for_saving


class Counting:
    """Every feature of weight >= mu costs ten uses, the header forty a picture."""

    most = 64

    def uses_over_mu(self, weights, mus, uses=10):
        kept = np.stack([(weights >= mu).mean(1) for mu in mus])
        return np.rint(kept * weights.shape[1] * uses).astype(int) + 40, kept


@pytest.mark.parametrize(("saving", "than"), [(0.237, 0.2), (0.4, 0.0), (0.05, 0.6)])
def test_the_smallest_threshold_that_saves_enough_is_found(saving, than):
    weights = np.random.default_rng(3).beta(0.5, 0.8, (40, 256))
    mu = mu_for_saving(Counting(), weights, saving, than)
    spent = {at: Counting().uses_over_mu(weights, [at])[0].sum() for at in (than, mu, mu - 0.0001)}
    assert spent[mu] <= (1 - saving) * spent[than] < spent[mu - 0.0001]


def test_no_saving_needs_no_other_threshold():
    weights = np.full((3, 4), 0.9)
    assert mu_for_saving(Counting(), weights, 0.0, 0.3) == 0.3


def test_what_no_threshold_saves_is_refused():
    with pytest.raises(UserError, match="not even mu = 1 saves 90.0%"):
        mu_for_saving(Counting(), np.ones((3, 4)), 0.9, 0.2)


def test_the_most_uses_that_save_enough_are_found():
    weights = np.random.default_rng(3).beta(0.5, 0.8, (40, 256))
    each = uses_for_saving(Counting(), weights, 0.4, 0.0, 0.6)
    room = 0.6 * Counting().uses_over_mu(weights, [0.0])[0].sum()
    fewer, more = (Counting().uses_over_mu(weights, [0.6], uses)[0].sum() for uses in (each, each + 1))
    assert fewer <= room < more


def test_what_no_number_of_uses_saves_is_refused():
    with pytest.raises(UserError, match="not even one channel use"):
        uses_for_saving(Counting(), np.ones((3, 4)), 0.999, 0.0, 0.5)
