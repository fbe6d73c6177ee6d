"""Finding OpenJPEG, the library behind glymur.

glymur asks `ctypes.util.find_library` for it once, at its own import, and on a bare machine finds none.
Pillow's wheels carry one, so nothing has to be installed by hand: glymur is told where it lies. It has to be
told at its import, because the layout of its structures follows the library's version.
"""

import ctypes.util
import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from linksim.errors import UserError

OLDEST = "2.4.0"  # glymur's own minimum


@cache
def openjpeg() -> ModuleType:
    """glymur's binding `glymur.lib.openjp2` with a library behind it. UserError if there is none."""
    bundled = pillows_openjpeg()
    if bundled is not None and getattr(sys.modules.get("glymur.lib.openjp2"), "OPENJP2", bundled) is None:
        for name in [name for name in sys.modules if name.split(".")[0] == "glymur"]:
            del sys.modules[name]  # imported by someone else, without a library
    find = ctypes.util.find_library
    try:
        if bundled is not None:
            ctypes.util.find_library = lambda name: str(bundled) if name == "openjp2" else find(name)
        binding = importlib.import_module("glymur.lib.openjp2")
    finally:
        ctypes.util.find_library = find
    if binding.OPENJP2 is None:
        raise UserError(
            "JPEG2000 needs the OpenJPEG library, and none was found: neither in Pillow's wheel "
            f"({_pillow_folder()} and its neighbour pillow.libs) nor on the system. Install Pillow's wheel "
            "(pip install --force-reinstall --only-binary :all: pillow), or OpenJPEG itself "
            "(conda install openjpeg, apt install libopenjp2-7, brew install openjpeg)."
        )
    if _numbers(binding.version()) < _numbers(OLDEST):
        raise UserError(f"OpenJPEG {binding.version()} is too old; {OLDEST} or newer is needed.")
    return binding


def openjpeg_version() -> str:
    """Version of the OpenJPEG in use, e.g. "2.5.4". UserError if there is none."""
    return openjpeg().version()


def pillows_openjpeg() -> Path | None:
    """The OpenJPEG inside Pillow's wheel: Linux `pillow.libs/`, macOS `PIL/.dylibs/`. None where Pillow
    brought none of its own (Windows' wheel links it statically, distributions link the system's)."""
    pillow = _pillow_folder()
    for folder, pattern in ((pillow.parent / "pillow.libs", "libopenjp2*.so*"),
                            (pillow / ".dylibs", "libopenjp2*.dylib"),
                            (pillow.parent / "pillow.libs", "*openjp2*.dll")):
        found = sorted(folder.glob(pattern))
        if found:
            return found[0]
    return None


def _pillow_folder() -> Path:
    import PIL

    return Path(PIL.__file__).parent


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
