import subprocess
import sys

import pytest

from baselines.codecs import openjpeg as module
from baselines.codecs.openjpeg import openjpeg_version, pillows_openjpeg
from linksim.errors import UserError


def test_version_is_recent_enough():
    assert tuple(int(n) for n in openjpeg_version().split(".")) >= (2, 4, 0)


@pytest.mark.skipif(pillows_openjpeg() is None, reason="this Pillow has no OpenJPEG of its own")
def test_a_glymur_imported_before_without_library_is_mended():
    code = ("import ctypes.util; ctypes.util.find_library = lambda name: None;"
            "import glymur.lib.openjp2 as before; assert before.OPENJP2 is None;"
            "from baselines.codecs.openjpeg import openjpeg_version; print(openjpeg_version())")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == openjpeg_version()


def test_without_any_library_the_user_is_told_what_to_install(monkeypatch):
    names = [name for name in sys.modules if name.split(".")[0] == "glymur"]
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr(module, "pillows_openjpeg", lambda: None)
    with pytest.raises(UserError, match="pip install.*pillow"):
        module.openjpeg.__wrapped__()
    for name in [name for name in sys.modules if name.split(".")[0] == "glymur"]:
        monkeypatch.delitem(sys.modules, name)
