"""While modules are loaded nobody looks for garbage; afterwards somebody does, and not among what they are made of."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from resolver.runtime.loading import no_collection
try:
    with no_collection():
        within, made = gc.isenabled(), [[] for _ in range(1000)]
        raise ImportError
except ImportError:
    after = gc.isenabled()
looked_through = {id(thing) for thing in gc.get_objects()}
print(within, after, sum(id(thing) in looked_through for thing in made))
"""


def test_what_was_loaded_is_never_looked_through() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50)
    assert (done.stdout.split(), done.stderr) == (["False", "True", "0"], "")
