"""Training by the clock: on a slow machine too a course anneals and ends when it should; interrupted, it goes on."""

import json
import time
from pathlib import Path

import numpy as np


class Clock:
    """Time instead of epochs: a cosine learning rate over the minutes given, checkpoints, resumption, progress."""

    def __init__(self, checkpoint: Path, minutes: float, rate: float, total: int | None):
        self.checkpoint, self.seconds, self.rate, self.total = checkpoint, minutes * 60, rate, total
        self.state, self.before, self.steps, self.curve = checkpoint.with_suffix(".json"), 0.0, 0, []

    def elapsed(self) -> float:
        return self.before + time.time() - self.began

    def done(self) -> float:
        """Share of the course behind us, 0 to 1."""
        return min(1.0, self.steps / self.total if self.total else self.elapsed() / self.seconds)

    def resume(self, model) -> None:
        self.began = time.time()
        if self.checkpoint.exists() and self.state.exists():
            model.optimizer.build(model.trainable_variables)  # else its state is passed over
            model.load_weights(self.checkpoint)
            kept = json.loads(self.state.read_text())
            self.before, self.steps, self.curve = kept["seconds"], kept["steps"], kept["curve"]
            print(f"going on from minute {self.before / 60:.1f}", flush=True)

    def discard(self) -> None:
        for file in (self.checkpoint, self.state):
            file.unlink(missing_ok=True)

    def callback(self):
        import keras

        clock = self

        class Timed(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                done = clock.done()
                warm = min(1.0, (clock.steps + 1) / 100)
                self.model.optimizer.learning_rate = clock.rate * warm * (0.5 * (1 + np.cos(np.pi * done)) + 0.003)
                clock.steps += 1

            def on_train_batch_end(self, batch, logs=None):
                if clock.done() >= 1:
                    self.model.stop_training = True

            def on_epoch_end(self, epoch, logs=None):
                point = {k.removeprefix("val_"): round(float(v), 5) for k, v in logs.items() if k.startswith("val_")}
                clock.curve.append({"step": clock.steps, "minute": round(clock.elapsed() / 60, 1), **point})
                print(f"minute {clock.elapsed() / 60:5.1f} step {clock.steps} loss {logs['loss']:.4f} held out {point}",
                      flush=True)
                self.model.save_weights(clock.checkpoint)
                kept = {"seconds": clock.elapsed(), "steps": clock.steps, "curve": clock.curve}
                clock.state.write_text(json.dumps(kept))

        return Timed()
