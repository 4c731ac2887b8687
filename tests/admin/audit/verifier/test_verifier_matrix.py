"""The attack matrix on a copy of a log: each tampering ends with exit 1 and names the place, and a true log is accepted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier
from resolver.tlog.tiles import entries_path, pack_entries, unpack_entries

SIZES = (1, 2, 3, 255, 256, 257, 511, 512, 513, 700)


def changed(leaf: bytes, **own: Any) -> bytes:
    """A leaf with other values, in canonical JSON."""
    return json.dumps(
        json.loads(leaf) | own, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


@pytest.mark.parametrize("size", SIZES)
def test_accepts_true_logs_of_all_shapes(check: Any, make_log: Any, size: int) -> None:
    log = make_log().begin()
    for _ in range(size - 1):
        log.add("heartbeat")
    assert check(log).status == 0


def test_tells_what_happened(check: Any, small_log: Any) -> None:
    said = check(small_log).out
    assert "2025-11-22 12:02:00Z list.sync list bets" in said
    assert "2025-11-22 12:04:00Z list.suspend list iwf" in said
    assert "OK" in said
    assert "No log shows" in said


def test_shows_as_many_events_as_asked_for(check: Any, small_log: Any) -> None:
    assert "log.init origin" in check(small_log, "--events", "all").out
    said = check(small_log, "--events", "1").out
    assert "log.init origin" not in said
    assert "12:07:00Z heartbeat" in said


def test_json_and_quiet(check: Any, small_log: Any) -> None:
    found = json.loads(check(small_log, "--json").out)
    assert (found["origin"], found["size"]) == (small_log.origin, 7)
    assert check(small_log, "--quiet").out.count("\n") == 2


def rewritten(log: Any) -> Any:
    """Another history of the same log, signed by its own key (rows 2 and 3)."""
    log.leaves[2] = changed(log.leaves[2], profile="open")
    return log


def test_row_1_truncated_tail(check: Any, small_log: Any, tmp_path: Path) -> None:
    kept = tmp_path / "old.cp"
    kept.write_bytes(small_log.note(7))
    small_log.leaves, small_log.sizes = small_log.leaves[:3], [1, 2, 3]
    found = check(small_log, "--since", str(kept))
    assert found.status == 1
    assert "went back" in found.out
    assert found.out.count("filter.example/weir/2026\n") == 2, "both signed checkpoints are printed"
    assert len(list(tmp_path.glob("evidence-*.checkpoint"))) == 2


def test_row_1_checkpoint_set_back(check: Any, small_log: Any) -> None:
    files = small_log.files()
    files["checkpoint"] = files["cp/3"]
    found = check(files)
    assert found.status == 1
    assert "went back" in found.out


@pytest.mark.parametrize("size", [3, 7])
def test_row_2_rewritten_leaf(check: Any, small_log: Any, tmp_path: Path, size: int) -> None:
    kept = tmp_path / "old.cp"
    kept.write_bytes(small_log.note(size))
    files = rewritten(small_log).files()
    assert check(files).status == 0, "whoever kept nothing cannot tell"
    found = check(files, "--since", str(kept))
    assert found.status == 1
    assert "old.cp" in found.out
    evidence = {item.read_bytes() for item in tmp_path.glob("evidence-*")}
    assert evidence == {kept.read_bytes(), files["checkpoint"]}


def test_row_3_split_view_of_the_same_size_without_a_rewritten_cp(check: Any, small_log: Any) -> None:
    former = small_log.files()["cp/3"]
    files = rewritten(small_log).files() | {"cp/3": former}
    found = check(files)
    assert found.status == 1
    assert found.out.startswith("FAILED\ncp/3:")


def test_remembers_the_last_visit(check: Any, small_log: Any, tmp_path: Path) -> None:
    kept = tmp_path / "remembered"
    assert check(small_log, "--remember", str(kept)).status == 0
    assert kept.read_bytes() == small_log.note(7)
    small_log.add("heartbeat").publish()
    assert check(small_log, "--remember", str(kept)).status == 0
    assert kept.read_bytes() == small_log.note(8)
    assert check(rewritten(small_log), "--remember", str(kept)).status == 1
    assert kept.read_bytes() != small_log.note(8), "the log is now another"


LEAF_TAMPERINGS: dict[str, tuple[Callable[[list[bytes]], object], str]] = {
    "row 4, two leaves reordered": (lambda leaves: leaves.insert(1, leaves.pop(2)), "leaf 1 "),
    "row 5, a middle leaf deleted": (lambda leaves: leaves.pop(3), "leaf 3 "),
    "row 5, a leaf put in": (lambda leaves: leaves.insert(2, leaves[2]), "leaf 3 "),
    "row 6, back-dated": (lambda leaves: leaves.append(changed(leaves.pop(), t=1_763_812_000)), "leaf 6 "),
    "row 7, post-dated": (lambda leaves: leaves.append(changed(leaves.pop(), t=1_895_348_000)), "leaf 6 "),
    "far future": (lambda leaves: leaves.append(changed(leaves.pop(), t=2**53 - 1)), "leaf 6 "),
    "another state before": (lambda leaves: leaves.append(changed(leaves.pop(), prev="a" * 64)), "leaf 6 "),
    "state moved by a heartbeat": (
        lambda leaves: leaves.append(changed(leaves.pop(), state="a" * 64)),
        "leaf 6 ",
    ),
    "unknown key": (lambda leaves: leaves.append(changed(leaves.pop(), zone="x")), "leaf 6 "),
    "missing key": (lambda leaves: leaves.append(changed(leaves.pop(), type="list.drop")), "leaf 6 "),
    "another version": (lambda leaves: leaves.append(changed(leaves.pop(), v=2)), "leaf 6 "),
    "a float": (lambda leaves: leaves.append(changed(leaves.pop(), type="x.y", more=0.5)), "leaf 6 "),
    "an integer too large": (
        lambda leaves: leaves.append(changed(leaves.pop(), type="x.y", n=2**53)),
        "leaf 6 ",
    ),
    "log.init again": (lambda leaves: leaves.append(changed(leaves[0], seq=7, prev="a" * 64)), "leaf 7 "),
    "not JSON": (lambda leaves: leaves.append(b"{"), "leaf 7 "),
    "deep JSON": (lambda leaves: leaves.append(b"[" * 60_000), "leaf 7 "),
    "an array": (lambda leaves: leaves.append(b"[]"), "leaf 7 "),
    "blanks": (lambda leaves: leaves.append(leaves.pop().replace(b":1}", b": 1}")), "leaf 6 "),
    "key twice": (lambda leaves: leaves.append(leaves.pop().replace(b'"v":1', b'"v":1,"v":1')), "leaf 6 "),
    "half a surrogate": (lambda leaves: leaves.append(b'{"a":"\\ud800"}'), "leaf 7 "),
    "not UTF-8": (lambda leaves: leaves.append(b'{"a":"\xff"}'), "leaf 7 "),
    "an empty leaf": (lambda leaves: leaves.append(b""), "leaf 7 "),
}


@pytest.mark.parametrize("case", LEAF_TAMPERINGS)
def test_leaves_that_break_a_rule_though_signed(check: Any, small_log: Any, case: str) -> None:
    tamper, place = LEAF_TAMPERINGS[case]
    tamper(small_log.leaves)
    small_log.sizes = []
    found = check(small_log)
    assert found.status == 1
    assert found.out.startswith(f"FAILED\n{place}"), found.out


def test_a_leaf_of_a_later_version_is_read_over(check: Any, small_log: Any, make_manifest: Any) -> None:
    small_log.add("list.rekey", make_manifest(sw="9"), vrf={"x": [1, None, True]}, list="iwf").publish()
    assert check(small_log).status == 0


def test_a_sealed_leaf_may_lack_what_it_is_about(check: Any, small_log: Any, make_manifest: Any) -> None:
    small_log.add("list.sync", make_manifest(sw="9"), seal={"until": 1}).publish()
    assert check(small_log).status == 0
    small_log.add("key.add", seal={"until": 1}, vkey=[]).publish()
    assert check(small_log).status == 1


def test_nothing_follows_the_end(check: Any, small_log: Any) -> None:
    small_log.add("log.close", why="year").publish()
    assert check(small_log).status == 0
    small_log.add("heartbeat").publish()
    assert "log.close" in check(small_log).out


FILE_TAMPERINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "row 8, tile": ("tile/0/000.p/7", lambda data: data[:40] + b"x" + data[41:]),
    "row 8, former tile": ("tile/0/000.p/2", lambda data: data[:40] + b"x" + data[41:]),
    "short tile": ("tile/0/000.p/7", lambda data: data[:-1]),
    "long tile": ("tile/0/000.p/7", lambda data: data + b"x" * 32),
    "row 9, swapped lengths": ("tile/entries/000.p/7", lambda data: data[1::-1] + data[2:]),
    "row 9, leaf too large": ("tile/entries/000.p/7", lambda data: b"\xff\xff" + data[2:]),
    "row 9, trailing bytes": ("tile/entries/000.p/7", lambda data: data + b"\0"),
    "row 9, trailing leaf": ("tile/entries/000.p/7", lambda data: data + b"\0\1x"),
    "row 9, many empty leaves": ("tile/entries/000.p/7", lambda data: data + b"\0" * 100_000),
    "short bundle": ("tile/entries/000.p/7", lambda data: pack_entries(unpack_entries(data, 7)[:6])),
    "cp": ("cp/2", lambda data: data.replace(b"\n2\n", b"\n1\n")),
    "cp of another size": ("cp/2", lambda data: data.replace(b"\n2\n", b"\n3\n")),
    "manifest": ("state/", lambda data: data.replace(b'"n":3', b'"n":4')),
    "keys.json": ("keys.json", lambda data: data.replace(b'"from":0', b'"from":1')),
    "keys.json is no object": ("keys.json", lambda _: b"[]"),
}


@pytest.mark.parametrize("case", FILE_TAMPERINGS)
def test_edited_files(check: Any, small_log: Any, case: str) -> None:
    prefix, edit = FILE_TAMPERINGS[case]
    files = small_log.files()
    path = next(path for path in sorted(files) if path.startswith(prefix))
    files[path] = edit(files[path])
    found = check(files)
    assert found.status == 1
    assert path in found.out or "leaf" in found.out


@pytest.mark.parametrize("path", ["tile/0/000.p/7", "tile/entries/000.p/7", "keys.json", "state/"])
def test_missing_files(check: Any, small_log: Any, path: str) -> None:
    files = {name: data for name, data in small_log.files().items() if not name.startswith(path)}
    found = check(files)
    assert found.status == 1
    assert path in found.out


def test_no_log_at_all_cannot_be_decided(check: Any, tmp_path: Path) -> None:
    found = check(tmp_path)
    assert found.status == 3
    assert "checkpoint" in found.err


def test_a_full_tile_stands_for_the_partial_one(check: Any, make_log: Any) -> None:
    log = make_log().begin().publish()
    for _ in range(299):
        log.add("heartbeat")
    files = log.publish().files()
    older = {"checkpoint": log.note(200), "cp/200": log.note(200)}
    for path in [path for path in files if path.startswith(("cp/", entries_path(0, 1), "tile/0/000.p"))]:
        del files[path]
    assert check(files | older).status == 0


def test_row_16_a_manifest_that_lacks_a_list(check: Any, small_log: Any, make_manifest: Any) -> None:
    bets = {"bets": {"conf": "public"}}
    small_log.add("list.drop", make_manifest(lists=bets), list="iwf").publish()
    found = check(small_log)
    assert found.status == 1
    assert "the profile" in found.out
    assert "state/" in found.out


@pytest.mark.parametrize(
    "item",
    [
        {"conf": "secret", "raw": "1" * 64},
        {"conf": "public", "commit": "1" * 64},
        {"conf": "public", "edits": {"commit": "1" * 64}},
        {"conf": "hidden"},
        {"conf": "public", "n": -1},
        {"conf": "public", "names": []},
        {},
    ],
)
def test_lists_in_manifests(check: Any, small_log: Any, make_manifest: Any, item: dict[str, Any]) -> None:
    small_log.add("list.sync", make_manifest(lists={"x": item}, profiles={}), list="x").publish()
    found = check(small_log)
    assert found.status == 1
    assert "state/" in found.out


def test_row_26_openings_are_not_needed(check: Any, small_log: Any) -> None:
    small_log.add("audit.erase", n=12, priv="6" * 64).publish()
    assert check(small_log).status == 0


def test_silence_is_a_warning(check: Any, small_log: Any) -> None:
    small_log.now += 2 * 86_400
    small_log.add("heartbeat").publish()
    found = check(small_log, "--at", "2025-11-24T12:30:00Z")
    assert found.status == 0
    assert "silent for 48 h before leaf 7" in found.out
    assert "nothing was said since" in check(small_log, "--at", "2026-12-24T12:30:00Z").out


def test_the_log_before_must_end_as_the_next_one_says(check: Any, make_log: Any, make_signer: Any) -> None:
    before = make_log(origin="filter.example/weir/2025", signers=[make_signer(1, "filter.example/weir/2025")])
    before.begin().add("log.close", why="year", next="filter.example/weir/2026").publish()
    log = make_log().begin(last=before.note(2).decode()).publish()
    shelved = {f"2025/{path}": data for path, data in before.files().items()}
    assert check(log.files()).status == 0, "a copy without the former log"
    assert check(log.files() | shelved).status == 0
    before.leaves[1] = changed(before.leaves[1], why="other")
    found = check(log.files() | shelved | {"2025/checkpoint": before.note(2)})
    assert found.status == 1
    assert "2025/checkpoint" in found.out


def test_a_log_that_is_just_publishing_is_asked_once_more(
    small_log: Any, write_files: Any, make_signer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = small_log.files()
    folder = write_files(files | {"checkpoint": files["cp/3"]}, tmp_path / "log")

    def publish(_event: threading.Event, _seconds: float) -> None:
        (folder / "checkpoint").write_bytes(files["checkpoint"])

    monkeypatch.setattr(threading.Event, "wait", publish)
    key = verifier.Key.parse(make_signer().key.text)
    verifier.Replay(verifier.Source(str(folder)), [key], 1_795_400_000).run(lambda _: None)
