"""Recipe `light`, two batches long: the transmitter stays as it was, the receiver is smaller and decodes its bursts."""

import json

import numpy as np
import pytest

from linksim import weights

SIZE, USES = 64, 16
pytestmark = pytest.mark.slow  # compiles encoder, two decoders and a detector's training step


def small(folder):
    """Weights of the codec at its smallest, as the recipe `sesc` writes them."""
    import keras

    from linksim.schemes import linear_code
    from linksim.schemes.sesc import networks
    from linksim.sources.scenes import scene

    keras.utils.set_random_seed(4)
    sizes = {"encoder": {"width": 16, "depth": 1}, "decoder": {"width": 16, "depth": 1, "channels": 8, "detail": 4}}
    encoder = networks.build_encoder(SIZE, USES, **sizes["encoder"])
    decoder = networks.build_decoder(SIZE, USES, **sizes["decoder"])
    pictures = np.stack([scene("train", i, SIZE)[0] for i in range(24)])
    code = linear_code.fit(linear_code.cut(pictures).reshape(-1, 768), 2 * USES)
    networks.start_from(code, encoder, decoder, USES)
    rng = np.random.default_rng(0)  # a decoder that paints: the last layer of a trained one isn't zero
    paint = decoder.get_layer("paint")
    paint.set_weights([rng.normal(0, 0.02, w.shape) for w in paint.get_weights()])
    arrays = {f"{part.name}/{k}": v for part in (encoder, decoder) for k, v in weights.model_arrays(part).items()}
    arrays["gains/variance"] = np.exp(arrays["decoder/estimate/log_variance"])
    path = folder / "large.npz"
    weights.save(path, arrays, {"kind": "sesc", "name": "large", "data": [{"type": "scenes", "size": SIZE}],
                                "config": {"size": SIZE, "uses": USES, "detector": "yolov5n-scenes"} | sizes})
    return path


def test_a_light_receiver_is_pruned_taught_and_written(tmp_path):
    from linksim.schemes.sesc import networks
    from linksim.training.light import train

    large = small(tmp_path)
    out = train(tmp_path / "light.npz", 1, str(large), channels=4, input_size=SIZE, pictures=20, crop=SIZE, batch=4,
                steps=2)
    before, _ = weights.load(str(large), "sesc")
    after, card = weights.load(str(out), "sesc")
    for name in before:
        if not name.startswith("decoder/"):
            np.testing.assert_array_equal(before[name], after[name])  # what goes on the air is the same
    assert card["config"]["decoder"]["channels"] == 4 and card["config"]["encoder"] == {"width": 16, "depth": 1}
    assert card["scores"]["steps"] == 2 and card["scores"]["large"] == "large"
    assert str(tmp_path) not in json.dumps(card) and card["recipe"] == "light"
    decoder = networks.build_decoder(SIZE, USES, **card["config"]["decoder"])
    weights.assign_part(decoder, after)
    assert decoder.count_params() < sum(a.size for name, a in before.items() if name.startswith("decoder/"))
    with np.load(out) as file:
        assert file["decoder/finer_0_a/kernel"].dtype == np.float16  # too small for eight bits to pay
    assert not list(tmp_path.glob("*checkpoint*"))
