"""Training by the clock: on a slow machine too a course anneals and ends when it should; interrupted, it goes on."""

import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.training import checkpoint, curve

_SAVE, _TELL = 300.0, 2.0  # seconds between checkpoints within an epoch, and between lines on a terminal


class Clock:
    """Time instead of epochs: a cosine learning rate over the minutes given, checkpoints, resumption, progress, and
    the validation curve as <out>.csv and <out>.png.

    checkpoint: file of the state, <out>.checkpoint.*, gone after `discard`. minutes: of training in all, resumptions
    included. rate: the largest learning rate. total: steps in all instead of minutes, or None.
    patience: stop when the held-out loss hasn't improved over so many points (epochs), and keep the best weights
    instead of the last; None: never.

    Ctrl-C is answered after the batch, with a checkpoint; the second one at once.
    """

    def __init__(self, checkpoint: Path, minutes: float, rate: float, total: int | None, patience: int | None = None):
        self.checkpoint, self.seconds, self.rate, self.total = Path(checkpoint), minutes * 60, rate, total
        self.patience, self.best, self.lowest, self.waited = patience, None, None, 0
        self.before, self.steps, self.curve, self.stopped = 0.0, 0, [], False
        self.out = self.checkpoint.with_name(self.checkpoint.name.split(".checkpoint")[0])

    def elapsed(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self.before + time.time() - self.began

    def done(self) -> float:
        """Share of the course behind us, 0 to 1."""
        if self.stopped:
            return 1.0
        return min(1.0, self.steps / self.total if self.total else self.elapsed() / self.seconds)

    def resume(self, model) -> None:
        """Start; from the checkpoint where there is one. model: compiled. UserError where it doesn't fit the model."""
        self.began = self._saved = time.time()
        if self.checkpoint.exists():
            kept, self.best = checkpoint.read(self.checkpoint, model)
            self.before, self.steps, self.curve = kept["seconds"], kept["steps"], kept["curve"]
            self.lowest, self.waited, self.stopped = kept["lowest"], kept["waited"], kept["stopped"]
            print(f"going on from step {self.steps:,}, minute {self.before / 60:.1f}", flush=True)

    def save(self, model) -> None:
        """Write the checkpoint."""
        self._saved = time.time()
        kept = {"seconds": self.elapsed(), "steps": self.steps, "curve": self.curve, "lowest": self.lowest,
                "waited": self.waited, "stopped": self.stopped}
        checkpoint.write(self.checkpoint, model, kept, self.best)

    def discard(self) -> None:
        """Remove the checkpoint: the result is safe."""
        self.checkpoint.unlink(missing_ok=True)

    def callback(self):
        """keras.callbacks.Callback for `fit`, whose epochs are the points of the curve."""
        import keras

        clock = self

        class Timed(keras.callbacks.Callback):
            def on_train_begin(self, logs=None):
                self.batches, self.since, self.told = 0, time.time(), 0.0
                self.handlers = _catch(self.interrupt) if threading.current_thread() is threading.main_thread() else {}
                self.interrupted = False
                if clock.done() >= 1:  # all that was left to do is to write the result
                    self.model.stop_training = True

            def interrupt(self, number, frame):
                _give_back(self.handlers)
                self.interrupted = True

            def on_train_batch_begin(self, batch, logs=None):
                warm = min(1.0, (clock.steps + 1) / 100)
                cosine = 0.5 * (1 + np.cos(np.pi * clock.done())) + 0.003
                self.model.optimizer.learning_rate = clock.rate * warm * cosine

            def on_train_batch_end(self, batch, logs=None):
                clock.steps, self.batches = clock.steps + 1, self.batches + 1
                if self.interrupted:
                    clock.save(self.model)
                    raise KeyboardInterrupt
                if clock.done() >= 1:
                    self.model.stop_training = True
                elif time.time() - clock._saved > _SAVE:
                    clock.save(self.model)
                if sys.stdout.isatty() and time.time() - self.told > _TELL:
                    self.told = time.time()
                    print(f"\r{self.progress()} ", end="", flush=True)

            def on_epoch_end(self, epoch, logs=None):
                if not np.isfinite(logs["loss"]):
                    raise UserError(f"the loss is {logs['loss']} after step {clock.steps:,}; the last checkpoint is "
                                    "kept. A smaller rate may help")
                held_out = {k.removeprefix("val_"): round(float(v), 5) for k, v in logs.items() if k[:4] == "val_"}
                clock._judge(self.model, held_out)
                clock.curve.append({"step": clock.steps, "minute": round(clock.elapsed() / 60, 1), **held_out,
                                    "training_loss": round(float(logs["loss"]), 5)})
                told = "  ".join(f"{key} {value:.4f}" for key, value in held_out.items())
                start = "\r" if sys.stdout.isatty() else ""
                print(f"{start}{self.progress()}  loss {logs['loss']:.4f}, held out: {told or 'nothing'}", flush=True)
                if clock.stopped:
                    print(f"no better for {clock.patience} points: stopped early", flush=True)
                    self.model.stop_training = True
                clock.save(self.model)
                curve.write(clock.curve, clock.out)

            def on_train_end(self, logs=None):
                _give_back(self.handlers)
                if clock.best is not None:
                    self.model.set_weights(clock.best)

            def progress(self) -> str:
                """Where the course is, how fast, and the time left."""
                speed = self.batches / max(time.time() - self.since, 1e-9)
                left = (clock.total - clock.steps) / speed if clock.total else clock.seconds - clock.elapsed()
                return (f"minute {clock.elapsed() / 60:.1f}, step {clock.steps:,}, {speed:.2f} steps/s, "
                        f"{max(left, 0) / 60:.1f} min left")

        return Timed()

    def _judge(self, model, held_out: dict[str, float]) -> None:
        """Whether this point is the best one, and whether to wait on."""
        if self.patience is None:
            return
        if "loss" not in held_out:
            raise ValueError("early stopping needs validation data")
        if self.lowest is None or held_out["loss"] < self.lowest:
            self.lowest, self.waited, self.best = held_out["loss"], 0, checkpoint.values(model)
        else:
            self.waited += 1
            self.stopped = self.waited >= self.patience


def _catch(handler) -> dict:
    """Answer Ctrl-C, and the end that a machine asks for, by `handler`. Returns who answered before."""
    return {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}


def _give_back(handlers: dict) -> None:
    while handlers:
        signal.signal(*handlers.popitem())


def study(model, lessons, held_out, clock: Clock) -> dict:
    """Fit a compiled model by the clock, an interrupted course included. Returns minutes, steps and the curve."""
    clock.resume(model)
    lessons.epoch = -(-clock.steps // len(lessons))  # none is seen twice
    model.fit(lessons, validation_data=held_out, epochs=100_000, verbose=0, callbacks=[clock.callback()])
    return {"minutes": clock.elapsed() / 60, "steps": clock.steps, "validation": clock.curve}
