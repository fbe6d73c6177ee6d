"""Damaged weights, cards, tables, pictures, annotations and networks: one clear error each, or accepted.

12 of each kind, or LINKSIM_FUZZ=5000 for 100 of each; and odd ones that somebody would have to make on purpose.
"""

import sys
from collections import Counter
from hashlib import blake2b
from types import SimpleNamespace

import fakes
import fuzz_files as files
import numpy as np
import pytest
from fuzz_guard import budget, needs_alarm, verdict

from linksim import weights
from linksim.errors import UserError
from linksim.experiment.store import Store
from linksim.scenario import load
from linksim.schemes.linear import Linear, LinearConfig
from linksim.sources.annotation import read_annotation
from linksim.sources.letterbox import letterbox, read_picture

pytestmark = needs_alarm
COUNT = budget(12, 1 / 50)


@pytest.fixture(scope="module", autouse=True)
def no_byte_code():
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    yield
    sys.dont_write_bytecode = before


def damaged(kind: str, data: bytes, folder, name: str, action, sound: bool = True) -> Counter:
    """Verdicts on COUNT damaged copies of `data`; the sound one must be accepted."""
    path, counts = folder / name, Counter()
    random = np.random.default_rng(list(blake2b(kind.encode(), digest_size=8).digest()))
    path.write_bytes(data)
    assert verdict(lambda: action(path), folder) == ("accepted" if sound else "refused")
    for _ in range(COUNT):
        path.write_bytes(files.damaged(data, random))
        counts[verdict(lambda: action(path), folder)] += 1
    print(kind, dict(counts))
    assert counts["refused"]
    return counts


def use_weights(path) -> None:
    bench = SimpleNamespace(size=64, link=None, task=None, tile=4)
    config = LinearConfig(name="mine", type="linear", weights=str(path), uses=1)
    scheme = Linear(config, bench)
    scheme.code.encode(np.zeros((1, 16, 768), np.float32), 2)


def test_weights(tmp_path):
    data, card = files.linear_weights()
    path = tmp_path / "mine.npz"

    def with_card(path):  # a checksum that fits, or else nothing but the checksum would be tested
        path.with_suffix(".json").write_bytes(files.carded(path.read_bytes(), card))
        use_weights(path)

    damaged("weights", data, tmp_path, "mine.npz", with_card)
    path.write_bytes(data)
    damaged("card", files.carded(data, card), tmp_path, "mine.json", lambda _: use_weights(path))


@pytest.mark.parametrize("case", range(len(files.weights_odd())))
def test_odd_weights(tmp_path, case):
    path, (data, card) = tmp_path / "mine.npz", files.weights_odd()[case]
    path.write_bytes(data)
    path.with_suffix(".json").write_bytes(card)
    verdict(lambda: use_weights(path), tmp_path)


def test_parquet(tmp_path):
    """A damaged part is set aside, and measured again."""
    store, random = Store(tmp_path / "run", load(fakes.write(tmp_path / "tiny.yaml")), {}), np.random.default_rng(3)
    (tmp_path / "run").mkdir()
    store.write_rows(tmp_path / "run" / "sound.parquet", [
        {"scheme": "a", "snr_db": 1.0, "picture": i, "ok": True, "boxes": random.random((i, 4)).astype(np.float32),
         "scores": random.random(i).astype(np.float32)} for i in range(9)])

    def read(path):
        if store.read_rows(path, {"picture": list(range(9))}) is None:
            raise UserError(f"set aside {store.set_aside[-1]}")

    data = (tmp_path / "run" / "sound.parquet").read_bytes()
    counts = damaged("parquet", data, tmp_path / "run", "part.parquet", read)
    assert counts["refused"] > counts["accepted"]


def look(path) -> None:
    assert letterbox(read_picture(path), 32)[0].shape == (32, 32, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_pictures(tmp_path, kind):
    damaged(kind, files.jpeg(kind=kind), tmp_path, f"one.{kind.lower()}", look)


@pytest.mark.parametrize("data", [files.png_bomb(), files.png_bomb(12_000), b"", b"\xff\xd8\xff", b"P6 9 9 255\n",
                                  b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"])
def test_odd_pictures_are_refused(tmp_path, data):
    (tmp_path / "one.jpg").write_bytes(data)
    assert verdict(lambda: look(tmp_path / "one.jpg"), tmp_path) == "refused"


def test_annotations(tmp_path):
    damaged("XML", files.XML, tmp_path, "one.xml", read_annotation)


@pytest.mark.parametrize("case", range(len(files.XML_ODD)))
def test_odd_annotations(tmp_path, case):
    (tmp_path / "one.xml").write_bytes(files.XML_ODD[case])
    found = verdict(lambda: read_annotation(tmp_path / "one.xml"), tmp_path)
    assert found == "refused" or b"DOCTYPE" not in files.XML_ODD[case]


def test_networks_to_import(tmp_path):
    from linksim.tasks.yolov5.onnx_import import import_yolov5

    damaged("ONNX import", files.onnx_convolutions(), tmp_path, "net.onnx",
            lambda path: import_yolov5(path, tmp_path / "out.npz"))


def test_networks_as_judge(tmp_path):
    pytest.importorskip("onnxruntime")
    from linksim.tasks.onnx_judge import OnnxJudge

    def judge(path):
        OnnxJudge(str(path), 32)(np.zeros((1, 32, 32, 3), np.float32))

    damaged("ONNX judge", files.onnx_detector(), tmp_path, "net.onnx", judge)


def test_a_damaged_card_names_the_card(tmp_path):
    data, _ = files.linear_weights()
    (tmp_path / "mine.npz").write_bytes(data)
    (tmp_path / "mine.json").write_text("{")
    with pytest.raises(UserError, match=r"mine\.json"):
        weights.load(str(tmp_path / "mine.npz"), "linear")
