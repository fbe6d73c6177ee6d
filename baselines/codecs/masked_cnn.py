"""The masked CNN codec as a picture codec: latents and weights come as the hint, bytes go out.

Every picture is coded with the features whose weight is `mu` or more and the finest step of the quantiser that fits.
Where not even the step COARSEST does, fewer features are sent: mu is raised, the lightest quarter at a time.
"""

from threading import Lock

import numpy as np

from baselines.codecs.base import ImageCodec, digest
from linksim.schemes.sesc_cnn import stream
from linksim.schemes.sesc_cnn.quantiser import STEPS, quantise, sent
from linksim.tiles import in_tiles

COARSEST = 36  # index into STEPS; rather than coarser, fewer features


class MaskedCnn(ImageCodec):
    """model: the arrays of `linksim.schemes.sesc_cnn.statistics`. paint: the decoder network, NumPy in and out, on
    `tile` rows. grid: features along a side. mu: threshold of the weights. context: channels sent of features below it.

    A hint is float32 [h, w, 1 + C]: a picture's weights and its latents. Quality is estimated on latents, over the
    features sent."""

    def __init__(self, model: dict, paint, grid: int, tile: int, mu: float, context: int, remember: int = 40_000):
        super().__init__(remember)
        self.model, self.paint, self.grid, self.tile, self.mu, self.context = model, paint, grid, tile, mu, context
        self._costs: dict[tuple, float] = {}
        self._shown: dict[bytes, np.ndarray | None] = {}
        self._lock, self._most = Lock(), remember // 80

    def largest(self, image, size, hint):
        key = digest(hint)
        for keep in self.masks(hint[..., 0]):
            there = sent(keep, self.context, hint.shape[-1] - 1)
            if self._cost(key, hint, keep, there, COARSEST) > size + 8:  # what it costs is known to a few bytes
                continue
            fine, coarse = -1, COARSEST  # the finest step that fits lies in (fine, coarse]
            while coarse - fine > 1:
                middle = (fine + coarse) // 2
                fits = self._cost(key, hint, keep, there, middle) <= size + 1
                fine, coarse = (fine, middle) if fits else (middle, coarse)
            for step in range(coarse, COARSEST + 1):
                if len(data := self._coded(hint, keep, there, step)) <= size:
                    return data
        return None

    def of_quality(self, image, psnr_db, hint):
        keep = next(self.masks(hint[..., 0]))
        latents, there = hint[..., 1:], sent(keep, self.context, hint.shape[-1] - 1)
        fine, coarse = 0, len(STEPS)  # the coarsest step that is good enough, or the finest, lies in [fine, coarse)
        while coarse - fine > 1:
            middle = (fine + coarse) // 2
            error = (latents - quantise(latents, middle) * STEPS[middle])[keep]
            good = np.sum(error**2) / (len(error) * 768) <= 10 ** (-psnr_db / 10)
            fine, coarse = (middle, coarse) if good else (fine, middle)
        return self._coded(hint, keep, there, fine)

    def picture(self, codestream):
        return self.decode([codestream])[0]

    def decode(self, codestreams):
        """As `ImageCodec.decode`; the networks see many pictures at a time."""
        with self._lock:
            new = [c for c in dict.fromkeys(codestreams) if c not in self._shown]
            parsed = {c: stream.decode(self.model, c, self.grid) for c in new}
            good = [c for c in new if parsed[c] is not None]
            self._shown |= dict.fromkeys(new)
            if good:
                self._shown |= dict(zip(good, self._painted([parsed[c] for c in good]), strict=True))
            found = [self._shown[c] for c in codestreams]
            self._shown = dict(list(self._shown.items())[-self._most :])
        return found

    def masks(self, weights: np.ndarray):
        """Masks bool [h, w] for weights float [h, w], ever fewer features of interest, down to the heaviest alone."""
        keep = weights >= min(self.mu, weights.max())
        order = np.argsort(weights, axis=None, kind="stable")
        while keep.any():
            yield keep
            fewer = np.zeros_like(keep)
            fewer.flat[order[keep.size - keep.sum() * 3 // 4 :]] = True
            keep = fewer & keep if keep.sum() > 1 else np.zeros_like(keep)

    def _coded(self, hint, keep, there, step) -> bytes:
        return stream.encode(self.model, quantise(hint[..., 1:], step) * there, keep, there, step, self.context)

    def _cost(self, key: bytes, hint, keep, there, step) -> float:
        """About the bytes of a codestream; remembered, as all sizes ask for the same ones."""
        whole = key, keep.tobytes(), step
        if whole not in self._costs:
            if len(self._costs) > 200_000:
                self._costs = {}
            self._costs[whole] = stream.cost(self.model, quantise(hint[..., 1:], step) * there, keep, there, step)
        return self._costs[whole]

    def _painted(self, parsed: list[tuple]) -> np.ndarray:
        """uint8 [B, S, S, 3] of decoded codestreams."""
        steps = np.array([STEPS[step] for _, _, step, _ in parsed])
        latents = np.stack([q for q, *_ in parsed]) * steps[:, None, None, None]
        there = np.stack([sent(keep, context, q.shape[-1]) for q, keep, _, context in parsed])
        pictures = in_tiles(self.paint, self.tile, latents.astype(np.float32), there.astype(np.float32),
                            np.log2(steps).astype(np.float32))
        return np.clip(np.rint(pictures * 255), 0, 255).astype(np.uint8)
