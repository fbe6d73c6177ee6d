"""A course that is interrupted ends where an uninterrupted one does; what stops it early keeps the best weights."""

import csv
import os
import signal

import keras
import numpy as np
import pytest

from linksim.errors import UserError
from linksim.training import checkpoint
from linksim.training.clock import Clock

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2], [0.5]], np.float32)


class Same(keras.utils.PyDataset):
    """Three batches an epoch, all the same; `at(step)` is told when they are asked for."""

    def __init__(self, y=Y, at=lambda step: None):
        super().__init__()
        self.y, self.at, self.asked = y, at, 0

    def __len__(self):
        return 3

    def __getitem__(self, step):
        self.at(self.asked)
        self.asked += 1
        return X, self.y


def model():
    keras.utils.set_random_seed(1)
    image = keras.Input((3,))
    made = keras.Model(image, keras.layers.Dense(1)(keras.layers.Dense(4, activation="relu")(image)))
    made.compile(keras.optimizers.AdamW(0.01), loss="mse", run_eagerly=True)
    return made


def teach(folder, data=None, held_out=Y, **options):
    trainee = model()
    clock = Clock(folder / "mine.checkpoint.npz", 60, 0.1, options.pop("total", 12), **options)
    clock.resume(trainee)
    trainee.fit(data or Same(), validation_data=(X, held_out), epochs=100, verbose=0, shuffle=False,
                callbacks=[clock.callback()])
    return trainee, clock


def interrupt(number, at):
    def ask(step):
        if step == at:
            os.kill(os.getpid(), number)
    return ask


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_course_ends_where_an_uninterrupted_one_does(tmp_path, number, capsys):
    (tmp_path / "whole").mkdir()
    whole, _ = teach(tmp_path / "whole")
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        teach(tmp_path, Same(at=interrupt(number, 4)))
    assert signal.getsignal(number) is before
    resumed, clock = teach(tmp_path)
    assert "going on from step" in capsys.readouterr().out
    assert clock.steps == 12
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_curve_lies_beside_the_output(tmp_path):
    _, clock = teach(tmp_path)
    with open(tmp_path / "mine.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [3, 6, 9, 12] == [point["step"] for point in clock.curve]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) and "training_loss" in rows[0]
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
    clock.discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "mine.png"]


def test_early_stop_keeps_the_best_weights(tmp_path):
    """What is held out asks for the opposite, so the first point is the best one."""
    first, _ = teach(tmp_path, total=3)
    (tmp_path / "mine.checkpoint.npz").unlink()
    stopped, clock = teach(tmp_path, held_out=-Y, total=1000, patience=2)
    losses = [point["loss"] for point in clock.curve]
    assert np.argmin(losses) == 0 and len(losses) == 3 and clock.stopped
    assert stopped.evaluate(X, -Y, verbose=0) == pytest.approx(losses[0], rel=1e-4)
    again, clock = teach(tmp_path, held_out=-Y, total=1000, patience=2)  # to write what a kill kept from being written
    assert clock.steps <= 10
    for a, b in zip(stopped.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_write_that_is_cut_short_loses_nothing(tmp_path, monkeypatch):
    trainee, clock = teach(tmp_path)
    whole = (tmp_path / "mine.checkpoint.npz").read_bytes()

    def cut(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", cut)
    with pytest.raises(OSError, match="no space"):
        clock.save(trainee)
    assert (tmp_path / "mine.checkpoint.npz").read_bytes() == whole


def test_a_checkpoint_of_another_model_or_a_damaged_one_is_refused(tmp_path):
    teach(tmp_path)
    path = tmp_path / "mine.checkpoint.npz"
    image = keras.Input((3,))
    other = keras.Model(image, keras.layers.Dense(2)(image))
    other.compile("adamw", loss="mse")
    with pytest.raises(UserError, match="--fresh"):
        checkpoint.read(path, other)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UserError, match="can't be gone on from"):
        checkpoint.read(path, model())


def test_a_loss_that_is_no_number_ends_the_course_and_keeps_the_checkpoint(tmp_path):
    teach(tmp_path, total=3)
    kept = (tmp_path / "mine.checkpoint.npz").read_bytes()
    with pytest.raises(UserError, match="the loss is nan"):
        teach(tmp_path, Same(y=Y * np.nan))
    assert (tmp_path / "mine.checkpoint.npz").read_bytes() == kept
