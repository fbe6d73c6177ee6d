"""What every fuzzed input is held to: accepted, or refused by one UserError; in time; nothing written elsewhere."""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from linksim.errors import UserError

LONGEST = 10  # CPU seconds that anything may take: a busy machine is no hang
FULL = int(os.environ.get("LINKSIM_FUZZ", 0))  # mutated scenarios; a tenth as many damaged files
_WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.move",
            "shutil.rmtree", "shutil.copyfile"}
_watched: list[Path] = []  # where writing is allowed; empty: nobody looks
_written: list[str] = []


def _hook(event: str, arguments: tuple) -> None:
    if not _watched:
        return
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    else:
        path, writes = arguments[0] if arguments else None, event in _WRITING or event == "subprocess.Popen"
    if event == "subprocess.Popen" and list(arguments[1])[1:] == ["-p"] and str(path).endswith("ldconfig"):
        return  # how Python finds a library: it prints the loader's list
    if writes and not (isinstance(path, str | bytes | os.PathLike) and _inside(path)):
        _written.append(f"{event} {path!r}")


def _inside(path) -> bool:
    found = Path(os.path.abspath(os.fsdecode(path)))
    return found == Path(os.devnull) or any(found.is_relative_to(folder) for folder in _watched)


sys.addaudithook(_hook)  # once for the process; Python has no way to take one away


@contextmanager
def _within(seconds: int):
    def late(*_):
        raise AssertionError(f"took longer than {seconds} s")

    before = [signal.signal(which, late) for which in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(20 * seconds)  # for what hangs without computing
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for which, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(which, handler)


def verdict(action, *folders: Path, seconds: int = LONGEST) -> str:
    """"accepted", or "refused" by a UserError that says something. Anything else that `action` raises, a stay of
    more than `seconds` of CPU time, or a file written outside `folders` fails the test."""
    _written.clear()
    _watched[:] = [Path(os.path.abspath(folder)) for folder in folders] or [Path("/nowhere")]
    try:
        with _within(seconds):
            action()
        found = "accepted"
    except UserError as error:
        assert str(error).strip(), "refused without a word"
        assert "Traceback" not in str(error) and len(str(error)) < 20_000, str(error)[:2000]
        found = "refused"
    finally:
        _watched.clear()
    assert not _written, f"touched {_written}"
    return found


def budget(quick: int, share: float = 1.0) -> int:
    """Examples to try: `quick` of them, or `share` of LINKSIM_FUZZ."""
    return max(quick, round(FULL * share)) if FULL else quick


needs_alarm = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="the time limit needs SIGALRM")
