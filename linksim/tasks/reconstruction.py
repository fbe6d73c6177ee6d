"""Task "reconstruction": how near is the received picture to the one that was sent?"""

import numpy as np

from linksim.registry import register
from linksim.tasks.comparison import Comparison
from linksim.tasks.fidelity import ms_ssim, psnr_db


@register("task", "reconstruction")
class Reconstruction(Comparison):
    """PSNR, MS-SSIM and a distance in a detector's feature maps, of the received picture to the one sent."""

    metric = "psnr"
    metric_label = "PSNR (dB, mean over pictures)"

    def compare(self, images: np.ndarray, sent: np.ndarray) -> list[dict[str, np.ndarray]]:
        """psnr in dB, ms_ssim up to 1, feature_distance from 0, float32, per pair of pictures uint8 [B, S, S, 3]."""
        distance = feature_distance(self.maps.backbone(images), self.maps.backbone(sent))
        columns = {"psnr": psnr_db(images, sent), "ms_ssim": ms_ssim(images, sent), "feature_distance": distance}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def feature_distance(maps: tuple[np.ndarray, ...], others: tuple[np.ndarray, ...]) -> np.ndarray:
    """float32 [B]: squared distance of unit feature vectors, averaged over positions, then over the layers.

        d = mean_l mean_hw || f_l / |f_l| - g_l / |g_l| ||^2,      0 where equal, 2 where orthogonal

    Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. (1), with all
    w_l = 1 and YOLOv5's backbone for the network: like LPIPS, not LPIPS. maps, others: float32 [B, h_l, w_l, C_l] each.
    """
    layers = [np.square(_unit(f) - _unit(g)).sum(axis=-1).mean(axis=(1, 2)) for f, g in zip(maps, others, strict=True)]
    return np.mean(layers, axis=0).astype(np.float32)


def _unit(f: np.ndarray) -> np.ndarray:
    return f / (np.linalg.norm(f, axis=-1, keepdims=True) + 1e-10)
