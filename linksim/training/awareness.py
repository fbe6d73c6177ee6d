"""How a codec's semantic-aware models are taught: what the detector sees in training pictures, and what it rests on."""

import numpy as np

from linksim.errors import UserError


def look(sources, detector: str, input_size: int, count: int, aware: int):
    """Pictures uint8 [N, S, S, 3] of the training splits, the detector's finds on each (boxes, scores), and for the
    first `aware` of them its feature maps on the token grid, float16 [A, h, w, C]."""
    from linksim.registry import lookup
    from linksim.schemes.sesc.importance import to_grid
    from linksim.training.eyes import Eyes

    opened = []
    for config in sources:
        cls = lookup("source", config["type"])
        opened.append(cls(cls.Config(**config), "train"))
    share = [min(len(source), count) for source in opened]
    if sum(share) == 0:
        raise UserError(f"the sources {sources} hold no training picture")
    images = np.concatenate([source.batch(np.arange(n))[0] for source, n in zip(opened, share, strict=True)])
    images = images[np.random.default_rng(0).permutation(len(images))][:count]
    eyes = Eyes(detector, input_size, next((s.classes for s in opened if s.classes), ()))
    finds, maps = [], []
    for start in range(0, len(images), 64):
        found, features = eyes.look(images[start : start + 64], 0.1)
        finds += found
        if start < aware:
            maps.append(to_grid(features, images.shape[1] // 16).astype(np.float16))
    return images, finds, np.concatenate(maps)[:aware]


def teach_awareness(maps: np.ndarray, targets: np.ndarray, name: str = "awareness", width: int = 64, depth: int = 1,
                    epochs: int = 12):
    """The semantic-aware model, fitted to targets float32 [A, h, w] by cross entropy. maps: float16 [A, h, w, C]. Half
    the pictures are seen as in a mirror."""
    import keras

    from linksim.schemes.sesc.networks import build_awareness

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = build_awareness((maps.shape[-1],), maps.shape[1], width, depth)
    keras.config.set_dtype_policy(policy)
    model.name = name
    held, batch = max(1, len(maps) // 10), min(32, len(maps))

    class Mirrored(keras.utils.PyDataset):
        epoch = 0

        def __len__(self):
            return max(1, (len(maps) - held) // batch)

        def __getitem__(self, step):
            rng = np.random.default_rng(self.epoch)
            some = held + rng.permutation(len(maps) - held)[step * batch : (step + 1) * batch]
            flip = np.random.default_rng((self.epoch, step)).random((len(some), 1, 1)) < 0.5
            seen, wanted = maps[some].astype(np.float32), targets[some]
            return np.where(flip[..., None], seen[:, :, ::-1], seen), np.where(flip, wanted[:, :, ::-1], wanted)

        def on_epoch_end(self):
            self.epoch += 1

    lessons = Mirrored()
    schedule = keras.optimizers.schedules.CosineDecay(1.5e-3, epochs * len(lessons))
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-2, clipnorm=1.0), loss="binary_crossentropy")
    log = model.fit(lessons, epochs=epochs, verbose=0,
                    validation_data=(maps[:held].astype(np.float32), targets[:held]))
    print(f"{name}: held-out cross entropy {log.history['val_loss'][-1]:.4f}", flush=True)
    return model


def entropy_arrays(encoder, images: np.ndarray, uses: int) -> dict[str, np.ndarray]:
    """The entropy model of the features (`linksim.schemes.sesc.awareness.entropy`), fitted to training pictures."""
    from keras import ops

    from linksim.schemes.sesc.awareness.entropy import fit_entropy

    grid = images.shape[1] // 16
    everything = [np.full((16, grid, grid), uses, np.float32), np.full(16, 10.0, np.float32)]
    parts = [ops.convert_to_numpy(encoder([images[i : i + 16].astype(np.float32) / 255, *everything], training=False))
             for i in range(0, len(images) - 15, 16)]
    return {f"entropy/{name}": array for name, array in fit_entropy(np.concatenate(parts)).items()}
