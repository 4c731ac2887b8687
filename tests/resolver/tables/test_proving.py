"""A generation with everything that proves it, and each way to make it lie: with right checksums, none is taken."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklists.enforcement import Enforced
from blocklists.model import Confidentiality, Kind, LegalBasis
from resolver.tables import store
from resolver.tables.logged import NotLoggedError, snap_of
from resolver.tables.model import ListInfo, LocalRecord, Tables
from resolver.tables.names import KEYS_FILE, TablesError, proof_name
from resolver.tables.proving import Prover, digest_files, mark_of
from resolver.tlog import state_proof
from resolver.tlog.manifests import ListState, Manifest

SNAPSHOT, URLS = "snapshot-a.weir", "urls-a.weir"
SOFTWARE = "1.0+" + 64 * "0"


def _list(list_id: str, enforced: Enforced = Enforced.ALL) -> ListInfo:
    return ListInfo(
        list_id, list_id, Kind.CATEGORY, LegalBasis.USER, Confidentiality.PUBLIC, enforced=enforced
    )


@dataclass
class Box:
    """A state folder, the log of its box, and a worker that is about to load what it finds."""

    state: Path
    log: Any
    tables: Tables

    @property
    def prover(self) -> Prover:
        return Prover(self.state, self.state / KEYS_FILE)

    @property
    def manifest(self) -> Manifest:
        lists = {
            name: ListState(info.confidentiality.value, enf=info.enforced.value)
            for name, info in self.tables.lists.items()
        }
        return Manifest(lists, {"strict": tuple(lists)}, SOFTWARE)

    def snap(self) -> str:
        return snap_of(digest_files(self.state, self.tables.snapshot, self.tables.urls), self.tables)

    def publish(self, *, stopped: tuple[str, ...] = ()) -> None:
        """Log what the tables say and prove it."""
        self.write(replace(self.log.prove(self.manifest, self.snap()), stopped=stopped))

    def write(self, proof: state_proof.StateProof) -> None:
        store.write_proof(self.state, self.tables.generation, state_proof.encode(proof))

    def pin(self) -> None:
        (self.state / KEYS_FILE).write_text(self.log.verifiers[0].text + "\n")


@pytest.fixture
def box(tmp_path: Path, new_log: Any) -> Box:
    (tmp_path / SNAPSHOT).write_bytes(b"compiled lists")
    (tmp_path / URLS).write_bytes(b"pages")
    lists = {name: _list(name) for name in ("bets", "watch")}
    tables = Tables(1, 1_800_000_000.0, SNAPSHOT, "clients-1.weir", URLS, lists, {"gambling": "Bets"})
    made = Box(tmp_path, new_log(), tables)
    made.publish()
    made.pin()
    return made


def test_what_is_logged_is_taken(box: Box) -> None:
    prover = box.prover
    prover.check(box.tables)
    prover.took()
    assert prover.logged is not None
    assert prover.logged.state == box.log.states[-1]
    assert mark_of(prover.logged) == int(box.log.states[-1][:16], 16)
    assert prover.refused == 0


def _other(**changes: Any) -> Callable[[Box], None]:
    def change(box: Box) -> None:
        box.tables = replace(box.tables, **changes)

    return change


def _file(name: str, content: bytes) -> Callable[[Box], None]:
    return lambda box: (box.state / name).write_bytes(content) and None


def _in_proof(old: str, new: str) -> Callable[[Box], None]:
    def change(box: Box) -> None:
        path = box.state / proof_name(1)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def _without_list(box: Box) -> None:
    box.tables = replace(box.tables, lists={"watch": box.tables.lists["watch"]})


def _of_another_log(box: Box) -> None:
    box.write(type(box.log)().prove(box.manifest, box.snap()))


def _of_another_state(box: Box) -> None:
    proof = state_proof.decode((box.state / proof_name(1)).read_bytes())
    box.tables = replace(box.tables, lists={**box.tables.lists, "watch": _list("watch", Enforced.NOTHING)})
    box.log.prove(box.manifest, box.snap())
    box.write(proof)


def _of_another_kind_of_leaf(box: Box) -> None:
    proof = state_proof.decode((box.state / proof_name(1)).read_bytes())
    box.write(replace(proof, index=0, leaf=box.log.leaves[0]))


LIES: dict[str, tuple[Callable[[Box], None], str]] = {
    "list gone from the tables": (_without_list, "compiled lists or tables"),
    "list with another kind": (
        _other(lists={"bets": replace(_list("bets"), kind=Kind.ILLEGAL), "watch": _list("watch")}),
        "compiled lists or tables",
    ),
    "list with another confidentiality": (
        _other(
            lists={
                "bets": replace(_list("bets"), confidentiality=Confidentiality.SECRET),
                "watch": _list("watch"),
            }
        ),
        "compiled lists or tables",
    ),
    "record of a built-in zone": (
        _other(records=(LocalRecord("news.example", "A", 60, "192.0.2.1"),)),
        "compiled lists or tables",
    ),
    "category renamed": (_other(categories={"gambling": "Other"}), "compiled lists or tables"),
    "list switched off": (
        _other(lists={"bets": _list("bets", Enforced.NOTHING), "watch": _list("watch")}),
        "less is enforced of list bets",
    ),
    "half a list switched off": (
        _other(lists={"bets": _list("bets"), "watch": _list("watch", Enforced.NAMES)}),
        "less is enforced of list watch",
    ),
    "compiled lists": (_file(SNAPSHOT, b"compiled Lists"), "compiled lists or tables"),
    "pages": (_file(URLS, b"pagez"), "compiled lists or tables"),
    "no pages any more": (_other(urls=""), "compiled lists or tables"),
    "manifest": (_in_proof('\\"strict\\"', '\\"sTrict\\"'), "manifest is not the one of leaf 1"),
    "leaf": (_in_proof('\\"t\\":1800000000', '\\"t\\":1800000001'), "proof"),
    "checkpoint": (_in_proof("box.example/weir/2026\\n2\\n", "box.example/weir/2026\\n3\\n"), "signature"),
    "proof cut short": (lambda box: _cut(box.state / proof_name(1)), proof_name(1)),
    "no proof": (lambda box: (box.state / proof_name(1)).unlink(), "it has no proof"),
    "folder for a proof": (lambda box: _folder(box.state / proof_name(1)), proof_name(1)),
    "another log": (_of_another_log, "known key|no known|signed by no"),
    "another state": (_of_another_state, "less is enforced of list watch"),
    "another kind of leaf": (_of_another_kind_of_leaf, "do not|does not|inclusion|proof"),
    "no key": (_file(KEYS_FILE, b""), "known key|no known"),
    "damaged key": (_file(KEYS_FILE, b"box.example/weir/2026+00000000+AAAA\n"), "keys of the log"),
}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(("lie", "words"), LIES.values(), ids=LIES.keys())
def test_what_was_changed_by_hand_is_refused(box: Box, lie: Callable[[Box], None], words: str) -> None:
    lie(box)
    prover = box.prover
    with pytest.raises(NotLoggedError, match=words) as refusal:
        prover.check(box.tables)
    assert prover.refused == 1
    assert "news.example" not in str(refusal.value)
    with pytest.raises(NotLoggedError):
        prover.check(box.tables)
    assert prover.refused == 1  # the same generation, looked at again


def test_more_than_was_logged_is_refused_in_an_emergency_too(box: Box) -> None:
    on = box.tables
    box.tables = replace(on, lists={**on.lists, "bets": _list("bets", Enforced.NOTHING)})
    box.publish(stopped=("bets",))
    box.prover.check(box.tables)
    with pytest.raises(NotLoggedError, match="more is enforced of list bets"):
        box.prover.check(on)


def test_an_emergency_may_switch_off_what_it_names_and_no_more(box: Box) -> None:
    on = box.tables
    box.publish(stopped=("bets",))
    box.prover.check(replace(on, lists={**on.lists, "bets": _list("bets", Enforced.NOTHING)}))
    with pytest.raises(NotLoggedError, match="less is enforced of list watch"):
        box.prover.check(replace(on, lists={**on.lists, "watch": _list("watch", Enforced.NOTHING)}))


def test_what_does_not_block_names_may_change_without_the_log(box: Box) -> None:
    settings_of = replace(box.tables.resolver, upstreams=("192.0.2.53:53",))
    box.prover.check(replace(box.tables, resolver=settings_of, created=7.0))


def test_the_last_proven_generation_serves(box: Box) -> None:
    newer = replace(box.tables, generation=2, categories={"gambling": "Forged"})
    (box.state / "tables-00000002.json").write_bytes(store.encode(newer))
    store.write_proof(box.state, 2, (box.state / proof_name(1)).read_bytes())
    prover = box.prover
    with pytest.raises(NotLoggedError):
        prover.check(newer)
    prover.check(box.tables)
    prover.took()
    assert prover.logged is not None


def test_without_keys_anything_is_taken_until_there_are_some(box: Box) -> None:
    (box.state / KEYS_FILE).unlink()
    (box.state / proof_name(1)).unlink()
    prover = box.prover
    prover.check(box.tables)
    prover.took()
    assert (prover.logged, mark_of(prover.logged)) == (None, 0)
    box.pin()
    assert prover.is_renewed
    assert not prover.follow()
    assert prover.refused == 1  # it serves on, and the next one must be proven
    with pytest.raises(NotLoggedError, match="it has no proof"):
        prover.check(box.tables)
    (box.state / KEYS_FILE).unlink()
    with pytest.raises(NotLoggedError, match="keys of the log are gone"):
        prover.check(box.tables)
    Prover(box.state, None).check(box.tables)


def test_a_worker_that_starts_without_keys_where_others_were_proven_takes_nothing(box: Box) -> None:
    (box.state / KEYS_FILE).unlink()
    box.prover.check(box.tables)  # the first proof of all comes a moment before the keys
    newer = replace(box.tables, generation=2)
    for _ in range(2):
        prover = box.prover
        with pytest.raises(NotLoggedError, match="the keys of the log are gone; put them back"):
            prover.check(newer)
        assert prover.refused == 1
        store.write_proof(box.state, 2, (box.state / proof_name(1)).read_bytes())
    box.pin()
    box.prover.check(newer)


def test_a_new_proof_is_followed_and_a_wrong_one_is_not(box: Box) -> None:
    prover = box.prover
    prover.check(box.tables)
    prover.took()
    assert not prover.is_renewed
    before = prover.logged
    manifest = replace(box.manifest, software="2.0+" + 64 * "1")
    box.write(box.log.prove(manifest, box.snap()))
    assert prover.is_renewed
    assert prover.follow()
    assert not prover.is_renewed
    assert prover.logged is not None
    assert prover.logged.state == box.log.states[-1]
    after = prover.logged
    assert after != before
    _of_another_log(box)
    assert not prover.follow()
    assert (prover.logged, prover.refused) == (after, 1)


def test_compiled_files_are_read_again_once_they_were_touched(box: Box) -> None:
    prover = box.prover
    prover.check(box.tables)
    path = box.state / SNAPSHOT
    times = path.stat()
    path.write_bytes(b"compiled LISTS")  # of the same length, with its times put back
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(NotLoggedError, match="compiled lists or tables"):
        prover.check(box.tables)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_byte_of_a_proof_can_be_changed(box: Box, data: st.DataObject) -> None:
    """But for ``stopped``, which can only name lists that are then not listened to."""
    good = state_proof.encode(state_proof.decode((box.state / proof_name(1)).read_bytes()))
    place = data.draw(st.integers(0, len(good) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    store.write_proof(box.state, 1, good[:place] + bytes([value]) + good[place + 1 :])
    try:
        with pytest.raises(NotLoggedError):
            box.prover.check(box.tables)
    finally:
        store.write_proof(box.state, 1, good)


def test_a_checksum_is_no_proof(box: Box) -> None:
    """What a generation's own file has against flipped bits, whoever edits it can make anew."""
    document = json.loads(store.encode(box.tables).partition(b"\n")[2])
    document["lists"]["bets"]["enforced"] = "nothing"
    body = json.dumps(document).encode()
    forged = store.decode(
        hashlib.sha256(body).hexdigest().encode() + b"\n" + body, name="tables-00000001.json"
    )
    with pytest.raises(TablesError, match="less is enforced of list bets"):
        box.prover.check(forged)
