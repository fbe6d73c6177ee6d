"""The smallest SE-SC, `tiny_sesc`, made once for a file of tests."""

import numpy as np
import pytest
from tiny_sesc import SIZE, USES, make, smooth_pictures

from linksim.schemes.base import Knowledge, Survey


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    import keras

    from linksim import weights
    from linksim.schemes import linear_code
    from linksim.schemes.sesc import networks

    keras.utils.set_random_seed(4)
    encoder, decoder = networks.build_encoder(SIZE, USES), networks.build_decoder(SIZE, USES)
    code = linear_code.fit(linear_code.cut(smooth_pictures(120, 9)).reshape(-1, 768), 2 * USES)
    networks.start_from(code, encoder, decoder, USES)
    awareness = networks.build_awareness((9,), SIZE // 16)
    arrays = {f"{m.name}/{k}": v for m in (encoder, decoder, awareness) for k, v in weights.model_arrays(m).items()}
    arrays["gains/variance"] = np.exp(np.asarray(decoder.get_layer("estimate").log_variance))
    path = tmp_path_factory.mktemp("weights") / "tiny.npz"
    weights.save(path, arrays, {"kind": "sesc", "name": "tiny", "config": {"size": SIZE, "uses": USES}})
    return path


@pytest.fixture(scope="module")
def sent(weights_file):
    """(scheme, link, pictures, analysis, burst): half the features, so that masks differ between pictures."""
    scheme, link = make(weights_file)
    images = smooth_pictures(6)
    analysis = scheme.analyse(images)
    scheme.mu = float(np.median(analysis.weights))
    survey = Survey(np.array([0.0, 10.0]), 1, 4, images, [], analysis, None, None, None)
    scheme.adopt(scheme.make_plan(survey))
    return scheme, link, images, analysis, scheme.encode(analysis, None, Knowledge())
