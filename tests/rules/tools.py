"""The promtools that are to be had: the machine's own, and a newer one beside it."""

import os
import shutil

import pytest

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
NEWER = os.environ.get("PROMTOOL_NEWER")

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
needs_newer = pytest.mark.skipif(NEWER is None, reason="PROMTOOL_NEWER names no newer promtool")
VERSIONS = [
    pytest.param(PROMTOOL, id="own", marks=needs_promtool),
    pytest.param(NEWER, id="newer", marks=[pytest.mark.optional_part, needs_newer]),
]
