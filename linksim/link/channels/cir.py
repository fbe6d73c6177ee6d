"""A user's impulse responses, measured or simulated elsewhere, from an .npz or HDF5 file.

    gains     complex [M, P], [M, R, T, P] or [M, R, T, P, L]: M impulse responses (a draw chooses one), R receive and
              T transmit antennas, P paths, L instants
    delays    float [P] or [M, P], seconds; only differences count
    interval  float, seconds between instants; needed where L > 1

    numpy.savez("street.npz", gains=a, delays=tau)

A gain of 0 stands for a path that a response doesn't have. One constant for the whole file makes the mean power 1.
"""

import zipfile
from pathlib import Path

import numpy as np

from linksim.errors import UserError
from linksim.link.channels.base import ChannelConfig
from linksim.link.channels.recorded import Recorded, Table
from linksim.registry import register

_KEYS = ("gains", "delays", "interval")


@register("channel", "cir")
class Cir(Recorded):
    """Impulse responses from a file of yours (.npz or .h5)."""

    class Config(ChannelConfig):
        """path: the file; relative to the folder that the command is given in."""

        path: Path | None = None

    def read(self) -> Table:
        """Read and check the file; UserError says what is wrong with it."""
        path = self.config.path
        if path is None:
            raise UserError("link.channel.path: channel cir needs a file with impulse responses, "
                            "e.g. --set link.channel.path=street.npz (keys gains and delays)")
        found = _load(path)
        if missing := {"gains", "delays"} - found.keys():
            raise _wrong(path, f"has no {' and no '.join(sorted(missing))} (found {', '.join(found) or 'nothing'})")
        gains, delays = found["gains"], found["delays"]
        if gains.dtype.kind not in "fc" or delays.dtype.kind not in "fiu":
            raise _wrong(path, f"gains should be complex and delays real (found {gains.dtype} and {delays.dtype})")
        if gains.ndim == 2:
            gains = gains[:, None, None]
        if gains.ndim == 4:
            gains = gains[..., None]
        if gains.ndim != 5 or 0 in gains.shape:
            raise _wrong(path, f"gains should be [M, P], [M, R, T, P] or [M, R, T, P, L] "
                               f"(found {list(found['gains'].shape)})")
        responses, paths, instants = gains.shape[0], gains.shape[3], gains.shape[4]
        if delays.shape not in ((paths,), (responses, paths)):
            raise _wrong(path, f"delays should be [{paths}] or [{responses}, {paths}] as gains has {responses} "
                               f"responses of {paths} paths (found {list(delays.shape)})")
        if not np.isfinite(gains).all() or not np.isfinite(delays).all():
            raise _wrong(path, "gains and delays must be finite")
        given = found.get("interval", np.zeros(1))
        interval = float(given.item()) if given.size == 1 and given.dtype.kind in "fiu" else 0.0
        if instants > 1 and not (np.isfinite(interval) and interval > 0):
            raise _wrong(path, f"has {instants} instants, so it needs interval, the seconds between them, "
                               "one number above 0")
        return Table(gains, np.broadcast_to(delays, (responses, paths)), interval)


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise UserError(f"link.channel.path: no such file (found {str(path)!r})")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {key: file[key] for key in _KEYS if key in file}
        if path.suffix in (".h5", ".hdf5"):
            import h5py

            with h5py.File(path, "r") as file:
                return {key: np.asarray(file[key]) for key in _KEYS if key in file}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _wrong(path, f"can't be read: {error}") from error
    raise UserError(f"link.channel.path: should end in .npz, .h5 or .hdf5 (found {str(path)!r})")


def _wrong(path: Path, what: str) -> UserError:
    return UserError(f"link.channel.path: {path} {what}")
