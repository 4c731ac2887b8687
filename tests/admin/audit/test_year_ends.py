"""What a log says of the one to follow: its key is made, named and kept before the end, whatever ends meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from admin.audit.doubt import DoubtError, LogStoppedError
from admin.audit.successor import Successor, successor
from admin.audit.verifier import main
from admin.audit.years import Years
from admin.config import load
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import Leaf, LeafActor, Role, encode


class EndedError(BaseException):
    """The process ends here; nothing of it catches this."""


class Mortal:
    """Ends at a step, once it has come through these in their order."""

    def __init__(self) -> None:
        self.last: tuple[str, ...] = ()

    def __call__(self, step: str) -> None:
        if self.last[:1] == (step,):
            self.last = self.last[1:]
            if not self.last:
                raise EndedError


def _verify(box: Any, key: str, *options: str) -> int:
    """As an auditor with this key does it."""
    (path := box.folder / "old.vkey").write_text(key)
    at = datetime.fromtimestamp(box.unix + 60, UTC).isoformat()
    return main([str(box.place.log), "--key", str(path), "--at", at, *options], "verify", Years)


def _to_year(box: Any, log: Any, year: int) -> None:
    box.pass_time(datetime(year, 1, 1, tzinfo=UTC).timestamp() - box.unix + 5)
    log.confirm_clock()


async def test_the_first_years_key_leads_through_all_years(
    small_box: Any, operator: Any, manifest: Any, snap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = small_box.log()
    await log.publish(manifest(1), snap)
    key = small_box.place.log_vkey.read_text()
    await log.rotate_key(operator, "yearly")
    await log.retire_key(operator, "yearly")
    for year in (2028, 2029):
        _to_year(small_box, log, year)
        await log.catch_up()
        await log.publish(manifest(year), snap)
        named, closing = _ends(small_box, str(year - 1))
        assert (named.type, closing.type) == (LeafType.LOG_NEXT, LeafType.LOG_CLOSE)
        assert dict(named.facts) == {"origin": f"box/weir/{year}", "vkey": log.verifiers[0].text}
    await log.rotate_key(operator, "yearly")
    await log.retire_key(operator, "yearly")
    assert _verify(small_box, key) == 0
    assert capsys.readouterr().out.count("it names the key of the next") == 2


def _ends(box: Any, label: str) -> list[Any]:
    return [leaf for leaf in box.replay_with_all_keys(label) if leaf.type.startswith("log.") and leaf.seq]


async def test_a_stolen_key_vouches_for_no_other(
    small_box: Any, operator: Any, manifest: Any, snap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = small_box.log()
    await log.publish(manifest(1), snap)
    key = small_box.place.log_vkey.read_text()
    await log.close_log(operator, "stolen", compromised=True)
    assert [leaf.type for leaf in _ends(small_box, "2027")] == [LeafType.LOG_CLOSE]
    assert _verify(small_box, key) == 3
    assert "names no key for box/weir/2027b" in capsys.readouterr().err


async def test_an_end_that_was_told_in_a_process_that_died_is_kept(
    small_box: Any, operator: Any, with_step: Any
) -> None:
    for letter, step in zip("bcdef", ("stage", "sign", "commit", "committed", "published"), strict=True):
        mortal = Mortal()
        log = small_box.log(with_step(mortal))
        await log.start()
        key, before = log.verifiers[0].text, log.head.origin
        mortal.last = (step,)
        with pytest.raises(EndedError):
            await log.close_log(operator, "", compromised=False)
        again = small_box.log()
        await again.start()  # the end
        await again.catch_up()  # and the beginning
        assert again.problem == ""
        assert again.head.origin == f"box/weir/2027{letter}"
        label = before.rpartition("/")[2]
        assert dict(_ends(small_box, label)[0].facts)["vkey"] == again.verifiers[0].text
        assert _verify(small_box, key) == 0


async def test_a_log_begins_with_the_named_key_alone(small_box: Any, operator: Any, with_step: Any) -> None:
    mortal = Mortal()
    log = small_box.log(with_step(mortal))
    await log.start()
    key = log.verifiers[0].text
    mortal.last = ("published", "stage")  # the end is published, the beginning is not
    with pytest.raises(EndedError):
        await log.close_log(operator, "", compromised=False)
    named = small_box.place.log_keys / "2027b" / "1.key"
    kept = named.read_bytes()
    named.write_bytes(b"22" * 32)
    again = small_box.log()
    with pytest.raises(DoubtError, match="Put the named one back"):
        await again.catch_up()
    named.write_bytes(kept)
    await again.catch_up()
    assert (again.problem, again.head.origin) == ("", "box/weir/2027b")
    assert _verify(small_box, key) == 0


async def test_no_log_ends_while_there_is_no_key_for_the_next(small_box: Any, operator: Any) -> None:
    path = small_box.folder / "key"
    path.write_text("11" * 32)
    path.chmod(0o600)
    text = small_box.config.path.read_text()
    small_box.config.path.write_text(f"{text}audit: {{key: key}}\n")
    small_box.config = load(small_box.config.path)
    log = small_box.log()
    await log.start()
    path.unlink()
    with pytest.raises(LogStoppedError, match="there is no key for the next log"):
        await log.close_log(operator, "", compromised=False)
    path.write_text("11" * 32)
    path.chmod(0o600)
    await log.catch_up()
    assert log.head.origin == "box/weir/2027"
    assert log.problem == ""
    assert [leaf.type for leaf in small_box.replay()] == ["log.init"]


def _leaf(kind: str, **facts: str) -> bytes:
    return encode(Leaf(1, 1, kind, LeafActor("a:00112233", Role.SYSTEM), "1" * 64, "1" * 64, facts))


VKEY = "isp.example/blocklog/2027+ce8a24a0+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
NEXT = {"origin": "isp.example/blocklog/2027", "vkey": VKEY}


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([("log.close", {"why": "other"})], Successor()),
        ([("log.close", {"why": "year", "next": "o/2"})], Successor("o/2")),
        ([("heartbeat", {}), ("log.close", {"why": "year", "next": "o/2"})], Successor("o/2")),
        ([("log.next", NEXT), ("log.close", {"why": "year", "next": "o/2"})], Successor("o/2")),
        (
            [("log.next", NEXT), ("log.close", {"why": "year", "next": NEXT["origin"]})],
            Successor(NEXT["origin"], VKEY),
        ),
    ],
)
def test_what_an_end_says(leaves: list[tuple[str, dict[str, str]]], expected: Successor) -> None:
    assert successor([_leaf(kind, **facts) for kind, facts in leaves]) == expected
