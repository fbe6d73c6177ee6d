"""What courses have in common: the air between two networks, how far two pictures, or a detector's feature maps for
them, are apart where it counts, and how a model of lessons tells its loss."""

from keras import ops


def through_air(features, sent, gains, noise, unit):
    """What a receiver has of features after noise: (received, variance), both [B, T, V].

    features: [B, T, V]; sent: the same, 1 for values that are sent; gains: [B, V], on them before they are sent; noise:
    [B, T, U], variance of every complex symbol at unit mean power; unit: Gaussian noise [B, T, V].
    The mean power per complex symbol is taken over what is sent: each real value carries half.
    """
    gain = gains[:, None]
    power = 2 * ops.sum(ops.square(features * gain) * sent, (1, 2)) / ops.maximum(ops.sum(sent, (1, 2)), 1.0)
    variance = ops.repeat(noise, 2, axis=-1) * power[:, None, None] / 2 / ops.square(gain)  # in the features' units
    return (features + unit * ops.sqrt(variance)) * sent, variance


def counting(share):
    """What counts in a picture of any side: side -> [B, side, side, 1], 1 where everything is sent, a tenth where
    nothing. share: of each feature that is sent, [B, h, w, 1]."""
    return lambda side: 0.1 + 0.9 * ops.image.resize(share, (side, side), "bilinear")


def squared_error(pictures, decoded, area):
    """Mean squared error where it counts, [B]. area: [B, S, S, 1]."""
    return ops.sum(area * ops.square(decoded - pictures), (1, 2, 3)) / (3 * ops.sum(area, (1, 2, 3)))


def enlarging(crop: int, zoom: float):
    """Pictures of side `crop` as a detector gets them: `zoom` times as large, to a multiple of 32."""
    side = round(crop * zoom / 32) * 32
    return lambda x: ops.image.resize(x, (side, side), "bilinear") if side != crop else x


def map_distance(clean, found, where=None):
    """Squared distance of feature maps over the squared length of the clean ones, [B], the mean over maps. No gradient
    reaches the clean ones. where: side -> what counts, [B, side, side, 1]; everything where left out."""
    distance = 0
    for a, b in zip(clean, found, strict=True):
        a, b = ops.stop_gradient(ops.cast(a, "float32")), ops.cast(b, "float32")
        area = where(a.shape[1]) if where else 1.0
        distance += ops.sum(area * ops.square(a - b), (1, 2, 3)) / ops.sum(area * ops.square(a), (1, 2, 3))
    return distance / len(clean)


def mean_loss(_, told):
    """The loss of a model of lessons, which tells [B, 1 + P]: the loss of every picture, and P parts of it."""
    return ops.mean(told[:, 0])


def mean_of(index: int, name: str):
    """The metric `name` of such a model: the mean of what it tells at `index`."""
    def metric(_, told):
        return ops.mean(told[:, index])

    metric.__name__ = name
    return metric
