"""PSNR on the 24 Kodak pictures over AWGN at 10 dB and k/n near 1/16, beside what others have published.

    python benchmarks/kodak.py --path kodak                              (the folder of kodim01.png to kodim24.png)
    python benchmarks/kodak.py --path kodak --sesc my-weights.npz --share 0.125

The models here take squares of 256 pixels, so each picture of 768 x 512 goes as six tiles, each with a header of its
own. k counts every complex channel use, headers and pilots included; n every real sample, 768 x 512 x 3. PSNR is of the
whole picture put together again, then the mean over pictures; MS-SSIM likewise. The header's length is planned on the
same tiles (nothing else is chosen on them).

What is comparable and what isn't: the published figures are their authors', of whole pictures, with networks trained
for squared error on large sets of photographs for hours of GPU time; nothing of theirs was run here. SE-SC is taught
for a detector's sake, on small photographs, and pays for its headers. JPEG2000 at capacity is a bound, not a system: as
many bits as k uses could carry over this channel without error, log2(1 + SNR) each, by the published rate curve.

Expected of linear (linear-photos): k/n .0614, PSNR 27.28 dB, MS-SSIM .877. JPEG2000 at capacity 32.50 dB.
Takes about a minute on two cores.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

from linksim.experiment.plan import planned
from linksim.experiment.points import deliver
from linksim.experiment.progress import Clock
from linksim.experiment.setup import Setup
from linksim.scenario import Scenario, check
from linksim.tasks.fidelity import ms_ssim, psnr_db

TILE = 256
# System, k/n, PSNR in dB on Kodak over AWGN at 10 dB, source.
SWIN, NTSCC = "github.com/semcomm/SwinJSCC, issue 14", "github.com/wsxtyrdd/NTSCC_JSAC22, issue 13"
PUBLISHED = (("SwinJSCC w/ SA&RA", 0.0208, 29.04, SWIN), ("SwinJSCC w/ SA&RA", 0.0417, 31.55, SWIN),
             ("SwinJSCC w/ SA&RA", 0.0625, 33.17, SWIN), ("SwinJSCC w/ SA&RA", 0.0833, 34.41, SWIN),
             ("SwinJSCC w/ SA&RA", 0.125, 36.05, SWIN), ("NTSCC", 0.0374, 31.82, NTSCC),
             ("NTSCC", 0.0517, 33.52, NTSCC), ("NTSCC", 0.0706, 34.67, NTSCC))
JPEG2000 = np.array([[0.126, 26.44], [0.299, 29.19], [0.599, 32.09], [1.198, 35.68]])  # bits per pixel, PSNR in dB:
JPEG2000_SOURCE = "rate curve: CompressAI, results/image/kodak"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--path", type=Path, required=True, help="folder of the 24 Kodak pictures")
    parser.add_argument("--linear", default="linear-photos", help="weights of kind linear")
    parser.add_argument("--sesc", default="sesc-photos", help="weights of kind sesc")
    parser.add_argument("--share", type=float, default=1 / 16, help="k/n that a picture may spend")
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--pictures", type=int, help="how many of the 24; all by default")
    options = parser.parse_args()

    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(options.path.glob("*.png"))]
    pictures = pictures[: options.pictures]
    if not pictures or any(side % TILE for picture in pictures for side in picture.shape[:2]):
        raise SystemExit(f"{options.path} should hold pictures whose sides are multiples of {TILE} pixels")
    budget = int(options.share * TILE * TILE * 3)
    print(f"{len(pictures)} pictures, AWGN at {options.snr_db:g} dB, k/n up to {options.share:.4f}, headers and pilots "
          "included\n" + line("system", "k/n", "PSNR", "MS-SSIM", ""))
    schemes = [{"name": "linear", "type": "linear", "weights": options.linear, "budget": budget},
               {"name": "SE-SC full", "type": "sesc", "weights": options.sesc, "mu": 0.0, "uses": "auto",
                "budget": budget}]
    for name, share, psnr, ssim in received(pictures, schemes, options.snr_db):
        print(line(name, f"{share:.4f}", f"{psnr:.2f}", f"{ssim:.4f}", "run here"), flush=True)
    rate = 3 * options.share * np.log2(1 + 10 ** (options.snr_db / 10))
    bound = np.interp(np.log(rate), np.log(JPEG2000[:, 0]), JPEG2000[:, 1])
    print(line("JPEG2000 at capacity", f"{options.share:.4f}", f"{bound:.2f}", "", JPEG2000_SOURCE))
    if options.snr_db == 10:
        for name, share, psnr, source in PUBLISHED:
            print(line(name, f"{share:.4f}", f"{psnr:.2f}", "", f"published: {source}"))


def line(*cells: str) -> str:
    return "{:<22}{:>8}{:>8}{:>9}  {}".format(*cells).rstrip()


def received(pictures: list[np.ndarray], schemes: list[dict], snr_db: float):
    """Name, mean k/n, mean PSNR in dB and mean MS-SSIM over the pictures, scheme by scheme."""
    tiles = [tile for picture in pictures for tile in cut(picture)]
    with tempfile.TemporaryDirectory() as folder, Clock(Console(quiet=True)) as clock:
        for i, tile in enumerate(tiles):
            Image.fromarray(tile).save(Path(folder, f"{i:04}.png"))
        setup = Setup(check(Scenario, {
            "name": "kodak", "source": {"type": "folder", "path": folder, "size": TILE}, "pictures": len(tiles),
            "calibration": {"pictures": min(len(tiles), 48)}, "task": {"type": "reconstruction"},
            "link": {"channel": {"model": "awgn"}}, "snr_db": [snr_db], "schemes": schemes,
            "examples": {"pictures": [0]}}, ""))
        planned(setup, clock)
        for scheme in schemes:
            got = deliver(setup, scheme["name"], snr_db, setup.draw(np.arange(len(tiles)), np.zeros(len(tiles))))
            uses, done, scores = np.sum(list(got.ledger.values()), axis=0), 0, []
            for picture in pictures:
                here = slice(done, done := done + picture[::TILE, ::TILE, 0].size)
                whole = joined(got.images[here], picture.shape)[None]
                scores.append((uses[here].sum() / picture.size, psnr_db(whole, picture[None])[0],
                               ms_ssim(whole, picture[None])[0]))
            yield scheme["name"], *np.mean(scores, axis=0)


def cut(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] -> tiles [T, 256, 256, 3], rows first."""
    h, w, _ = picture.shape
    return picture.reshape(h // TILE, TILE, w // TILE, TILE, 3).swapaxes(1, 2).reshape(-1, TILE, TILE, 3)


def joined(tiles: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Inverse of `cut`."""
    h, w, _ = shape
    return tiles.reshape(h // TILE, w // TILE, TILE, TILE, 3).swapaxes(1, 2).reshape(shape)


if __name__ == "__main__":
    main()
