"""No memory image: asked of a process of its own, because it cannot be taken back."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource
from resolver.runtime.dumps import forbid_core_dumps
libc = ctypes.CDLL(None)
before = libc.prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
forbid_core_dumps()
print(before, libc.prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_no_core_and_no_ptrace() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "1 0 (0, 0)\n"


@pytest.mark.parametrize(
    "command",
    [
        "resolver.worker --state {0} --run {0}",
        "gateway --state {0} --run {0}",
        "admin.control -c {0}/weir.yaml",
    ],
)
def test_every_process_begins_with_it(command: str, tmp_path: object) -> None:
    """The call stands in its ``main``: the last thing that is done here, instead of serving."""
    module, *arguments = command.format(tmp_path).split()
    program = (
        "import runpy, sys, resolver.runtime.dumps as dumps\n"
        "def told(): print('forbidden'); sys.exit(0)\n"
        "dumps.forbid_core_dumps = told\n"
        f"sys.argv = {['x', *arguments]!r}\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["forbidden"]), done.stderr
