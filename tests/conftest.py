"""Test files share `fakes` (this folder is on the path): a source, a task and schemes without weights."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
