"""One process at a time in a run's folder.

The operating system holds the lock (flock) and drops it when its process ends, however it ends: a lock file that a dead
process left is no lock.
"""

import os
import socket
from pathlib import Path

from linksim.errors import UserError


class Lock:
    """A lock file. Nothing is written before `take`; `release` removes it again."""

    def __init__(self, path: Path):
        self.path, self._file = path, None

    def take(self) -> None:
        """UserError where another living process holds it."""
        try:
            from fcntl import LOCK_EX, LOCK_NB, flock
        except ImportError:  # a system without flock goes without
            return
        while self._file is None:
            file = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "another process"
                file.close()
                raise UserError(f"{self.path.parent} is in use by {holder}; wait for it, or name another folder "
                                "by --out") from None
            except OSError:  # a file system without locks
                file.close()
                return
            if self.path.exists() and os.fstat(file.fileno()).st_ino == self.path.stat().st_ino:
                self._file = file
            else:  # whoever held it has just removed it
                file.close()
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def release(self) -> None:
        if self._file:
            self.path.unlink(missing_ok=True)
            self._file.close()
            self._file = None
