"""Weights by information content: a feature that an entropy model didn't expect is important.

Every value x of a feature is predicted from the same value of the features to the left and above (coefficients by
least squares), and the residual r has a distribution F of its own, learned from examples as in the fully factorised
entropy models of Ballé et al., "Variational image compression with a scale hyperprior" (ICLR 2018, appendix 6.1):
nonparametric, one per value, here as quantiles with exponential tails. Quantised with step D, a feature tells

    bits = - sum over its values of log2( F(r + D/2) - F(r - D/2) )

D is as coarse as analog transmission at 10 dB: uniform quantisation noise D^2 / 12 equals a tenth of the values' mean
power. Bits become weights by the rank they would have among the examples, so that about a share mu of the features
lies below a threshold mu.
"""

import numpy as np

from linksim import weights
from linksim.errors import UserError
from linksim.schemes.sesc.awareness.base import Awareness, identity

QUANTILES = np.concatenate([[0.002, 0.01, 0.025], np.linspace(0.05, 0.95, 31), [0.975, 0.99, 0.998]])
RANKS = np.linspace(0, 1, 101)


def fit_entropy(features: np.ndarray, examples: int = 20_000, seed: int = 0) -> dict[str, np.ndarray]:
    """The entropy model of features float [N, h, w, V], or [N, h * w, V] of square pictures (a few hundred pictures).

    Returns float32 arrays: `neighbours` [2, V], coefficients of left and upper; `quantiles` [V, Q] of the residuals;
    `step` [1]; `levels` [101], quantiles of a feature's bits. Stored with a codec's weights as `entropy/<name>`.
    """
    x = _square(np.asarray(features, np.float32))
    around = _around(x).reshape(2, -1, x.shape[-1])
    flat = x.reshape(-1, x.shape[-1])
    gram = np.einsum("itv,jtv->vij", around, around).astype(np.float64)
    gram += 1e-6 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(2) + 1e-12 * np.eye(2)
    along = np.einsum("itv,tv->vi", around, flat).astype(np.float64)
    model = {"neighbours": np.linalg.solve(gram, along[..., None])[..., 0].T.astype(np.float32),
             "step": np.array([np.sqrt(1.2 * np.mean(np.square(x)))], np.float32)}
    some = np.random.default_rng(seed).permutation(len(flat))[:examples]
    residuals = flat[some] - np.einsum("itv,iv->tv", around[:, some], model["neighbours"])
    quantiles = np.quantile(residuals, QUANTILES, axis=0).T
    spread = np.maximum(quantiles[:, -1:] - quantiles[:, :1], 1e-6) * 1e-3  # no two quantiles fall together
    model["quantiles"] = (quantiles + spread * np.arange(len(QUANTILES))).astype(np.float32)
    model["levels"] = np.quantile(information(x, model), RANKS).astype(np.float32)
    return model


def information(features: np.ndarray, model: dict[str, np.ndarray]) -> np.ndarray:
    """Bits float32 [N, h, w] that each feature tells; features and model as in `fit_entropy`."""
    x = _square(np.asarray(features, np.float32))
    residuals = x - np.einsum("inhwv,iv->nhwv", _around(x), model["neighbours"])
    half, bits = float(model["step"][0]) / 2, np.zeros(x.shape[:3])
    for v, quantiles in enumerate(model["quantiles"]):
        r = residuals[..., v]
        inside = _cumulative(r + half, quantiles) - _cumulative(r - half, quantiles)
        bits -= np.log2(np.maximum(inside, 2.0**-16))  # what costs more would be sent as an exception
    return bits.astype(np.float32)


class EntropyAwareness(Awareness):
    """The rank in [0, 1] of a feature's information content among those of the training pictures."""

    def __init__(self, arrays: dict, card: dict, grid: int, features):
        if features is None:
            raise ValueError("awareness: entropy needs `features`, the codec's features of pictures")
        self.grid, self.features, self.sha = grid, features, identity(card)
        self.model = weights.part(arrays, "entropy")
        if not self.model:
            raise UserError(f"awareness: the weights {card['name']!r} hold no entropy model of their features; "
                            "use awareness: task, or weights trained since there is one")

    def weigh(self, images):
        found = []
        for start in range(0, len(images), 32):
            features = np.asarray(self.features(images[start : start + 32]))
            features = features.reshape(len(features), self.grid, self.grid, -1)
            found.append(np.interp(information(features, self.model), self.model["levels"], RANKS))
        return np.concatenate(found).astype(np.float32)

    def key(self):
        return "entropy", self.sha


def _square(features: np.ndarray) -> np.ndarray:
    if features.ndim == 4:
        return features
    side = round(features.shape[1] ** 0.5)
    return features.reshape(len(features), side, side, -1)


def _around(x: np.ndarray) -> np.ndarray:
    """Left and upper neighbours [2, N, h, w, V], 0 outside the picture."""
    left, upper = np.zeros_like(x), np.zeros_like(x)
    left[:, :, 1:], upper[:, 1:] = x[:, :, :-1], x[:, :-1]
    return np.stack([left, upper])


def _cumulative(x: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """F(x) of the distribution with these quantiles, straight between them, exponential beyond the outer ones."""
    inner = np.interp(x, quantiles, QUANTILES)
    scale = (quantiles[-1] - quantiles[0]) / 8
    below = QUANTILES[0] * np.exp(np.minimum(x - quantiles[0], 0) / scale)
    above = 1 - (1 - QUANTILES[-1]) * np.exp(-np.maximum(x - quantiles[-1], 0) / scale)
    return np.where(x < quantiles[0], below, np.where(x > quantiles[-1], above, inner))
