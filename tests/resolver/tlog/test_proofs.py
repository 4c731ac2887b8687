"""tlog-proof files and the proof beside a generation: the right one alone is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolver.tlog import leaves, manifests, proofs, state_proof
from resolver.tlog.canonical import FormatError
from resolver.tlog.canonical import encode as encode_json
from resolver.tlog.checkpoints import Checkpoint
from resolver.tlog.encoding import to_base64
from resolver.tlog.fields import ZERO_HASH
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Leaf, LeafActor, Role
from resolver.tlog.manifests import ListState, Manifest
from resolver.tlog.proofs import LogProof
from resolver.tlog.state_proof import StateProof
from resolver.tlog.tree import ProofError, inclusion_proof

MANIFEST = manifests.encode(Manifest({"iwf": ListState("secret")}, {"base": ("iwf",)}, "1.4.0"))
STATE = manifests.digest(MANIFEST)
_ACTOR = LeafActor("a:5f1c9e0b", Role.SYSTEM)


def _leaves(pen: Any) -> list[bytes]:
    publish = Leaf(1, 5, LeafType.PUBLISH, _ACTOR, STATE, ZERO_HASH, {"snap": "5" * 64})
    rest = [Leaf(seq, 5, LeafType.HEARTBEAT, _ACTOR, STATE, STATE) for seq in range(2, 6)]
    first = Leaf(
        0, 5, LeafType.LOG_INIT, _ACTOR, ZERO_HASH, ZERO_HASH, {"origin": pen.name, "vkey": pen.key.text}
    )
    return [leaves.encode(leaf) for leaf in (first, publish, *rest)]


@pytest.fixture
def log(pen: Any, log_of: Callable[[Sequence[bytes]], Any]) -> Any:
    """Six leaves; the second publishes a state."""
    return log_of(_leaves(pen))


@pytest.fixture
def proof(log: Any) -> LogProof:
    """Of leaf 3."""
    return LogProof(3, inclusion_proof(3, 6, log.hashes), log.checkpoint())


@pytest.fixture
def of_state(log: Any) -> StateProof:
    """Of the state in force."""
    return StateProof(log.checkpoint(), 1, log.leaves[1], inclusion_proof(1, 6, log.hashes), MANIFEST)


@pytest.mark.parametrize("extra", [None, b"", b"extra bytes"])
def test_a_proof_is_written_read_and_holds(extra: bytes | None, log: Any, proof: LogProof) -> None:
    proof = replace(proof, extra=extra)
    again = proofs.decode(proofs.encode(proof))
    assert again == proof
    assert proofs.verify(again, log.leaves[3], [log.pen.key]) == Checkpoint(log.pen.name, 6, log.root())


def test_a_proof_has_these_bytes(proof: LogProof) -> None:
    head = ["c2sp.org/tlog-proof@v1", "extra aGk=", "index 3", *map(to_base64, proof.hashes), "", ""]
    expected = "\n".join(head).encode() + proof.checkpoint
    assert proofs.encode(replace(proof, extra=b"hi")) == expected


def test_the_only_leaf_needs_no_hashes(pen: Any, log_of: Callable[[Sequence[bytes]], Any]) -> None:
    log = log_of([b"leaf"])
    proofs.verify(proofs.decode(proofs.encode(LogProof(0, (), log.checkpoint()))), b"leaf", [pen.key])


MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _data: b"",
    "another header": lambda data: data.replace(b"@v1", b"@v2"),
    "no header": lambda data: data.split(b"\n", 1)[1],
    "a blank behind the header": lambda data: data.replace(b"@v1", b"@v1 "),
    "no index": lambda data: data.replace(b"index 3\n", b""),
    "an empty index": lambda data: data.replace(b"index 3", b"index "),
    "a leading zero": lambda data: data.replace(b"index 3", b"index 03"),
    "a sign": lambda data: data.replace(b"index 3", b"index +3"),
    "a huge index": lambda data: data.replace(b"index 3", b"index 99999999999999999999"),
    "two indices": lambda data: data.replace(b"index 3", b"index 3\nindex 3"),
    "extra behind the index": lambda data: data.replace(b"index 3", b"index 3\nextra aGk="),
    "bad extra": lambda data: data.replace(b"index 3", b"extra !\nindex 3"),
    "extra twice": lambda data: data.replace(b"index 3", b"extra aGk=\nextra aGk=\nindex 3"),
    "a short hash": lambda data: data.replace(
        b"index 3\n", b"index 3\n" + to_base64(bytes(31)).encode() + b"\n"
    ),
    "a long hash": lambda data: data.replace(
        b"index 3\n", b"index 3\n" + to_base64(bytes(33)).encode() + b"\n"
    ),
    "too many hashes": lambda data: data.replace(
        b"index 3\n", b"index 3\n" + (to_base64(bytes(32)).encode() + b"\n") * 63
    ),
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "no empty line": lambda data: data.replace(b"\n\n", b"\n"),
    "no checkpoint": lambda data: data.split(b"\n\n")[0] + b"\n\n",
    "an unsigned checkpoint": lambda data: data.rsplit(b"\n\n", 1)[0] + b"\n",
    "other characters": lambda data: data.replace(b"index", "indéx".encode()),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_proof_is_refused(change: Callable[[bytes], bytes], proof: LogProof) -> None:
    with pytest.raises(FormatError):
        proofs.decode(change(proofs.encode(proof)))


def test_a_proof_of_something_else_is_refused(log: Any, proof: LogProof, other_pen: Any) -> None:
    key, leaf = log.pen.key, log.leaves[3]
    wrong = [
        replace(proof, index=4),
        replace(proof, index=6),
        replace(proof, index=2**50),
        replace(proof, hashes=proof.hashes[:-1]),
        replace(proof, hashes=(*proof.hashes, bytes(32))),
        replace(proof, hashes=proof.hashes[::-1]),
        replace(proof, checkpoint=log.checkpoint(5)),
    ]
    for item in wrong:
        with pytest.raises(ProofError):
            proofs.verify(item, leaf, [key])
    with pytest.raises(ProofError):
        proofs.verify(proof, log.leaves[4], [key])
    with pytest.raises(FormatError, match="no known key"):
        proofs.verify(proof, leaf, [other_pen.key])


def test_a_checkpoint_of_another_log_is_refused(log: Any, proof: LogProof) -> None:
    """A known key vouches for its own log alone."""
    foreign = log.pen.note(Checkpoint("other.example", 6, log.root()).body)
    with pytest.raises(ProofError, match="other logs"):
        proofs.verify(replace(proof, checkpoint=foreign), log.leaves[3], [log.pen.key])


def test_an_empty_log_has_no_leaf(log: Any, proof: LogProof) -> None:
    with pytest.raises(ProofError):
        proofs.verify(replace(proof, checkpoint=log.checkpoint(0), hashes=()), log.leaves[3], [log.pen.key])


@pytest.mark.parametrize("stopped", [(), ("iwf",)])
def test_a_state_is_proven(stopped: tuple[str, ...], log: Any, of_state: StateProof) -> None:
    of_state = replace(of_state, stopped=stopped)
    again = state_proof.decode(state_proof.encode(of_state))
    assert again == of_state
    leaf, manifest = again.verify([log.pen.key])
    assert (leaf.seq, leaf.state, leaf.facts["snap"]) == (1, STATE, "5" * 64)
    assert manifests.encode(manifest) == MANIFEST


def test_another_state_is_refused(log: Any, of_state: StateProof) -> None:
    other = manifests.encode(Manifest({}, {}, "1.4.0"))
    wrong = [
        replace(of_state, manifest=other),
        replace(of_state, manifest=MANIFEST + b" "),
        replace(of_state, leaf=log.leaves[2]),
        replace(of_state, index=2),
        replace(of_state, index=2, leaf=log.leaves[2], hashes=inclusion_proof(2, 6, log.hashes)),
        replace(of_state, hashes=()),
        replace(of_state, hashes=(*of_state.hashes[:-1], bytes(32))),
        replace(of_state, hashes=(*of_state.hashes[:-1], of_state.hashes[-1] + b"x")),
        replace(of_state, checkpoint=log.checkpoint(4)),
        replace(of_state, stopped=("other",)),
        replace(of_state, leaf=of_state.leaf.replace(b"5" * 64, b"6" * 64)),
    ]
    for item in wrong:
        with pytest.raises(ProofError):
            item.verify([log.pen.key])


def test_a_state_under_another_key_is_refused(log: Any, of_state: StateProof, other_pen: Any) -> None:
    with pytest.raises(FormatError, match="no known key"):
        of_state.verify([other_pen.key])
    forged = replace(of_state, checkpoint=other_pen.note(Checkpoint(log.pen.name, 6, log.root()).body))
    with pytest.raises(FormatError, match="no known key"):
        forged.verify([log.pen.key])
    assert forged.verify([other_pen.key])


def test_a_leaf_that_is_logged_at_another_place_is_refused(
    pen: Any, log_of: Callable[[Sequence[bytes]], Any]
) -> None:
    """``seq`` says where a leaf belongs; the tree says where it is."""
    moved = _leaves(pen)
    moved[1], moved[2] = moved[2], moved[1]
    log = log_of(moved)
    proof = StateProof(log.checkpoint(), 2, moved[2], inclusion_proof(2, 6, log.hashes), MANIFEST)
    with pytest.raises(ProofError, match="does not publish"):
        proof.verify([pen.key])


FILE_REFUSED: list[dict[str, Any]] = [
    {"v": 2},
    {"index": -1},
    {"index": "1"},
    {"hashes": ["x"]},
    {"hashes": [to_base64(bytes(31))]},
    {"hashes": [to_base64(bytes(32))] * 64},
    {"hashes": "x"},
    {"stopped": ["iwf", "iwf"]},
    {"stopped": ["i wf"]},
    {"leaf": ""},
    {"manifest": None},
    {"checkpoint": "no line end"},
    {"other": 1},
]


@pytest.mark.parametrize("changes", FILE_REFUSED, ids=str)
def test_a_malformed_file_is_refused(changes: dict[str, Any], of_state: StateProof) -> None:
    plain = json.loads(state_proof.encode(of_state))
    assert state_proof.decode(encode_json(plain)) == of_state
    with pytest.raises(FormatError):
        state_proof.decode(encode_json(plain | changes))


@pytest.mark.parametrize("key", ["checkpoint", "hashes", "index", "leaf", "manifest", "stopped", "v"])
def test_a_file_without_a_key_is_refused(key: str, of_state: StateProof) -> None:
    plain = json.loads(state_proof.encode(of_state))
    del plain[key]
    with pytest.raises(FormatError):
        state_proof.decode(encode_json(plain))


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(FormatError, match="bytes, more than"):
        state_proof.decode(b" " * (state_proof.MAX_BYTES + 1))


def test_parts_that_are_no_text_are_not_written(of_state: StateProof) -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        state_proof.encode(replace(of_state, leaf=b"\xff"))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_format_error(data: bytes) -> None:
    for read in (proofs.decode, state_proof.decode):
        with pytest.raises(FormatError):
            read(data)


def test_no_flipped_bit_of_a_state_proof_is_accepted(log: Any, of_state: StateProof) -> None:
    """But for ``stopped``, which is signed by nobody and here empty."""
    good = state_proof.encode(of_state)
    for at in range(0, len(good), 7):
        changed = bytearray(good)
        changed[at] ^= 1 << at % 7
        try:
            other = state_proof.decode(bytes(changed))
        except FormatError:
            continue
        with pytest.raises((FormatError, ProofError)):
            other.verify([log.pen.key])
