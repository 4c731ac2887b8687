"""One process per duty, also after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin.services.locking import Lock, LockedError

ROOT = Path(__file__).resolve().parents[3]
HOLDER = "import sys; from pathlib import Path; from admin.services.locking import Lock\n"
HOLDER += "lock = Lock(Path(sys.argv[1]), what='control'); print('held', flush=True); sys.stdin.read()"


def test_a_second_one_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "control.lock"
    lock = Lock(path, what="control")
    with pytest.raises(LockedError) as caught:
        Lock(path, what="control")
    assert str(caught.value) == (
        f"{path}: control already runs here (process {os.getpid()}): stop it, or use another data_dir"
    )
    lock.release()
    Lock(path, what="control").release()


def test_a_killed_holder_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "control.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}"):
            Lock(path, what="control")
        holder.kill()
        holder.wait()
    Lock(path, what="control").release()


def test_shared_locks_bear_one_another_but_no_exclusive_one(tmp_path: Path) -> None:
    path = tmp_path / "resolver.lock"
    one, other = Lock(path, what="resolver", shared=True), Lock(path, what="resolver", shared=True)
    one.release()
    with pytest.raises(LockedError, match="another process"):
        Lock(path, what="resolver")
    other.release()
    exclusive = Lock(path, what="resolver")
    with pytest.raises(LockedError):
        Lock(path, what="resolver", shared=True)
    exclusive.release()


@pytest.mark.parametrize("content", [b"not a number", b"\xff\xfe", b"9" * 100])
def test_what_stands_in_the_file_is_not_trusted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "control.lock"
    lock = Lock(path, what="control")
    path.write_bytes(content)
    with pytest.raises(LockedError, match="control already runs here"):
        Lock(path, what="control")
    lock.release()
