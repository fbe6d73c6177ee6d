"""How near a received picture is to the one that was sent: PSNR and MS-SSIM, in NumPy."""

import numpy as np

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # exponents of Wang et al., finest scale first
WINDOW, SIGMA = 11, 1.5  # pixels
LUMINANCE, CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # C1, C2: what keeps dark and flat places stable


def psnr_db(images: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """float32 [B], 10 log10(255^2 / MSE) over uint8 [B, H, W, 3]. Equal pictures count as
    one sample off by one level (101 dB at 256 x 256), so that means stay finite."""
    error = np.square(images.astype(np.float32) - sent).mean(axis=(1, 2, 3), dtype=np.float64)
    return (10 * np.log10(255**2 / np.maximum(error, 1 / images[0].size))).astype(np.float32)


def ms_ssim(images: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """float32 [B], multi-scale structural similarity of uint8 [B, H, W, 3]: at most 1, where they are equal.

    Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality assessment", Asilomar 2003, eq. (7):

        l^w_M prod_j (cs_j)^w_j,   l = (2 mx my + C1) / (mx^2 + my^2 + C1),  cs = (2 cov + C2) / (vx + vy + C2),

    cs_j averaged over the positions of a Gaussian window, l cs at the coarsest scale M; from scale to scale means of
    2 x 2 pixels. Taken for each colour, negative factors as 0, then the mean of the three. Pictures up to 160 pixels
    have as many scales as the window fits into, their exponents brought to the same sum. ValueError below 11 pixels.
    """
    x, y = images.astype(np.float32), sent.astype(np.float32)
    if min(x.shape[1:3]) < WINDOW:
        raise ValueError(f"MS-SSIM needs pictures of {WINDOW} x {WINDOW} pixels or more, got {x.shape[1:3]}")
    fitting = sum(min(x.shape[1:3]) > (WINDOW - 1) * 2**j for j in range(len(SCALES)))
    exponents = np.array(SCALES[:fitting])
    exponents *= sum(SCALES) / exponents.sum()
    product = 1.0
    for j, exponent in enumerate(exponents):
        whole, contrast = _ssim(x, y)
        product = product * np.maximum(whole if j == len(exponents) - 1 else contrast, 0) ** exponent
        x, y = _halved(x), _halved(y)
    return product.mean(axis=-1).astype(np.float32)


def _ssim(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """l cs and cs, averaged over positions, float64 [B, 3]."""
    mx, my = _window(x), _window(y)
    both, squares = mx * my, mx**2 + my**2
    contrast = (2 * (_window(x * y) - both) + CONTRAST) / (_window(x**2 + y**2) - squares + CONTRAST)
    whole = contrast * (2 * both + LUMINANCE) / (squares + LUMINANCE)
    return whole.mean(axis=(1, 2), dtype=np.float64), contrast.mean(axis=(1, 2), dtype=np.float64)


def _window(x: np.ndarray) -> np.ndarray:
    """Gaussian mean around every position where the whole window fits, [B, H, W, 3] -> [B, H - 10, W - 10, 3]."""
    from scipy.ndimage import correlate1d

    reach = WINDOW // 2
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SIGMA) ** 2)
    for axis in (1, 2):
        x = correlate1d(x, taps / taps.sum(), axis, output=np.float64)
    return x[:, reach:-reach, reach:-reach]


def _halved(x: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels, [B, H, W, 3] -> [B, ceil(H / 2), ceil(W / 2), 3]; an odd last row counts twice."""
    b, h, w, c = x.shape
    x = np.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)), "edge")
    return x.reshape(b, (h + 1) // 2, 2, (w + 1) // 2, 2, c).mean(axis=(2, 4))
