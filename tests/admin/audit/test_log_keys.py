"""Keys that follow one another, logs that follow one another, and the signer as the process that it is."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from admin.audit.doubt import LogStoppedError
from admin.audit.events import EventKind
from admin.config import load
from admin.control.log_keeper import Means
from resolver.tlog import notes
from resolver.tlog.notes import VerifierKey


class EndedError(BaseException):
    """The process ends here; nothing of it catches this."""


async def test_rotation_overlaps_and_the_old_key_is_destroyed(
    box: Any, operator: Any, manifest: Any, snap: str
) -> None:
    log = box.log()
    await log.start()
    first = box.vkeys()[0]
    second = VerifierKey.parse(await log.rotate_key(operator, "yearly"))
    await log.publish(manifest(1), snap)
    signed = notes.parse_note(log.checkpoint).signatures
    assert {signature.key_id for signature in signed} == {first.key_id, second.key_id}
    with pytest.raises(LogStoppedError, match="two keys sign already"):
        await log.rotate_key(operator, "again")
    assert await log.retire_key(operator, "yearly") == first.text
    proof = await log.publish(manifest(2), snap)
    assert [signature.key_id for signature in notes.parse_note(log.checkpoint).signatures] == [second.key_id]
    assert [key.text for key in box.vkeys()] == [second.text]
    proof.verify(box.vkeys())
    files = sorted(path.name for path in (box.place.log_keys / "2027").iterdir())
    assert files == ["2.key", "mark"], "the retired key is gone"
    (box.folder / "first").write_text(first.text + "\n")
    assert box.verify("", "--key", str(box.folder / "first")) == 0
    with pytest.raises(LogStoppedError, match="one key signs the log"):
        await log.retire_key(operator, "again")


async def test_an_old_key_is_retired_by_itself_after_thirty_days(small_box: Any, operator: Any) -> None:
    log = small_box.log()
    await log.start()
    await log.rotate_key(operator, "")
    for _ in range(30):
        small_box.pass_time(86_400 - 1)
        await log.catch_up()
    assert len(log.verifiers) == 2
    small_box.pass_time(60)
    await log.catch_up()
    assert len(log.verifiers) == 1
    assert small_box.verify() == 0
    types = [leaf.type for leaf in _all(small_box)]
    assert (types[1], types[-1]) == ("key.add", "key.retire")


def _all(box: Any) -> list[Any]:
    """Of the log with all keys that ever signed it."""
    return list(box.replay_with_all_keys())


async def test_keys_of_the_configuration_follow_one_another(small_box: Any) -> None:
    for name, byte in (("one", "11"), ("two", "22")):
        path = small_box.folder / name
        path.write_text(byte * 32 + "\n")
        path.chmod(0o600)
    _configure(small_box, "audit: {key: one}")
    log = small_box.log()
    await log.start()
    assert len(log.verifiers) == 1
    await log.close()
    _configure(small_box, "audit: {key: one, next_key: two}")
    log = small_box.log()
    await log.start()
    assert log.problem == ""
    assert len(log.verifiers) == 2
    assert not list(small_box.place.log_keys.rglob("*.key")) or _own(small_box) == ["actor.key"]


async def test_a_theft_ends_no_log_that_the_same_key_would_follow(
    small_box: Any, operator: Any, manifest: Any, snap: str
) -> None:
    path = small_box.folder / "stolen"
    path.write_text("11" * 32 + "\n")
    path.chmod(0o600)
    _configure(small_box, "audit: {key: stolen}")
    log = small_box.log()
    await log.publish(manifest(1), snap)
    origin = log.head.origin
    with pytest.raises(LogStoppedError, match="name another in"):
        await log.close_log(operator, "stolen", compromised=True)
    await small_box.happen()
    await log.catch_up()
    assert log.head.origin == origin
    assert small_box.verify() == 0
    assert await log.close_log(operator, "moved", compromised=False) != origin


async def test_a_stolen_key_of_the_operators_signs_nothing_of_the_next_log(
    small_box: Any, operator: Any, manifest: Any, snap: str
) -> None:
    for name, byte in (("stolen", "11"), ("new", "22")):
        path = small_box.folder / name
        path.write_text(byte * 32 + "\n")
        path.chmod(0o600)
    _configure(small_box, "audit: {key: stolen}")
    log = small_box.log()
    await log.publish(manifest(1), snap)
    _configure(small_box, "audit: {key: stolen, next_key: new}")
    await log.close()
    await log.catch_up()
    stolen = VerifierKey.parse(await log.retire_key(operator, "stolen"))
    _configure(small_box, "audit: {key: new}")
    again = small_box.log()  # as after a restart
    await again.start()
    assert again.problem == ""
    await again.close_log(operator, "stolen", compromised=True)
    assert [key.public for key in again.verifiers] != [stolen.public]
    assert len(again.verifiers) == 1
    assert small_box.verify() == 0


def _own(box: Any) -> list[str]:
    return [path.name for path in box.place.log_keys.rglob("*.key")]


def _configure(box: Any, text: str) -> None:
    path = box.config.path
    lines = [line for line in path.read_text().split("\n") if not line.startswith("audit")]
    path.write_text("\n".join([*lines, text, ""]))
    box.config = load(path)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"11" * 32, 0o644, "others may read it"),
        (b"short", 0o600, "has 5 bytes"),
        (b"", 0o600, "is empty"),
        (None, 0o600, "cannot be read"),
    ],
)
async def test_a_key_that_cannot_be_used_stops_the_log_in_words(
    small_box: Any, content: bytes | None, mode: int, words: str
) -> None:
    path = small_box.folder / "one"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    _configure(small_box, "audit: {key: one}")
    log = small_box.log()
    await log.start()
    assert words in log.problem


async def test_a_key_that_is_gone_or_another_signs_nothing(small_box: Any, tmp_path: Path) -> None:
    log = small_box.log()
    await log.start()
    await log.close()
    key = small_box.place.log_keys / "2027" / "1.key"
    kept = key.read_bytes()
    key.unlink()
    await small_box.happen()
    log = small_box.log()
    with pytest.raises(LogStoppedError, match=r"audit\.origin"):
        await log.catch_up()
    key.write_bytes(b"22" * 32)
    key.chmod(0o600)
    with pytest.raises(LogStoppedError, match="is not at hand"):
        await small_box.log().catch_up()
    key.write_bytes(kept)
    await log.catch_up()
    assert len(small_box.replay()) == 2


async def test_a_log_keeps_its_name_whatever_the_node_is_called(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    text = small_box.config.path.read_text()
    small_box.config.path.write_text(text.replace("node: box", "node: Other Box"))
    small_box.config = load(small_box.config.path)
    again = small_box.log()
    await again.start()
    assert again.head.origin == "box/weir/2027"
    _configure(small_box, "audit: {origin: filter.isp.example/log}")
    other = small_box.log()
    with pytest.raises(LogStoppedError, match="write box/weir there"):
        await other.catch_up()
    shutil.move(small_box.place.log, small_box.folder / "away")
    await other.catch_up()
    assert other.head.origin == "filter.isp.example/log/2027"


@pytest.mark.parametrize("compromised", [True, False])
async def test_a_log_that_was_ended_is_followed_by_another(
    small_box: Any, operator: Any, manifest: Any, snap: str, compromised: bool
) -> None:
    log = small_box.log()
    await log.publish(manifest(1), snap)
    last_key = small_box.place.log_vkey.read_text()
    origin = await log.close_log(operator, "stolen", compromised=compromised)
    assert origin == "box/weir/2027b"
    assert log.wants_state
    assert (await small_box.told(origin)) == []
    assert [path.name for path in (small_box.place.log_keys / "2027").iterdir()] == ["mark"]
    before = (small_box.place.log / "2027" / "checkpoint").read_text()
    first = small_box.replay()[0]
    assert (first.type, first.facts["last"], first.facts["origin"]) == ("log.init", before, origin)
    assert first.state == small_box.replay("2027")[-1].state
    closing = small_box.replay("2027")[-1]
    assert dict(closing.facts) == {"next": origin, "why": "compromise" if compromised else "other"}
    policy = (small_box.place.log / "2027" / "policy.txt").read_text()
    assert policy == "quorum none\n" if compromised else policy.startswith("log box/weir/2027+")
    await small_box.happen()
    proof = await log.publish(manifest(2), snap)
    proof.verify(log.verifiers)
    assert last_key in small_box.place.log_vkey.read_text()
    assert small_box.verify() == 0
    assert small_box.verify("2027") == 0
    again = small_box.log()
    await again.start()
    assert last_key not in small_box.place.log_vkey.read_text()
    assert again.checkpoint == log.checkpoint


async def test_every_year_has_a_log_of_its_own(small_box: Any, manifest: Any, snap: str) -> None:
    log = small_box.log()
    await log.publish(manifest(1), snap)
    for year in (2028, 2029):
        small_box.pass_time(datetime(year, 1, 1, tzinfo=UTC).timestamp() - small_box.unix + 5)
        log.confirm_clock()
        await log.catch_up()
        await small_box.happen(EventKind.TOKEN_REVOKED)
        await log.publish(manifest(year), snap)
    assert log.head.origin == "box/weir/2029"
    assert sorted(path.name for path in small_box.place.log.iterdir() if path.name.isdigit()) == [
        "2027",
        "2028",
    ]
    assert [leaf.type for leaf in small_box.replay()] == ["log.init", "admin.del", "publish"]
    origins = [f"box/weir/{year}" for year in (2027, 2028, 2029)]
    told = [event for origin in origins for event in await small_box.told(origin)]
    assert told == sorted(set(told))


@pytest.mark.parametrize("steps", range(6))
async def test_a_process_that_ends_while_a_log_is_put_away_is_made_up_for(
    small_box: Any, operator: Any, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    log = small_box.log()
    await log.start()
    left = steps
    rename = Path.rename

    def mortal(source: Path, target: Path) -> Path:
        nonlocal left
        if source.is_dir() or target.is_dir():
            left -= 1
            if left < 0:
                raise EndedError
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", mortal)
    ended = False
    try:
        await log.close_log(operator, "", compromised=False)
    except EndedError:
        ended = True
    assert ended == (steps < 2)
    monkeypatch.undo()
    again = small_box.log()
    await again.start()
    assert again.problem == ""
    assert again.head.origin == "box/weir/2027b"
    assert small_box.replay("2027")[-1].type == "log.close"
    assert small_box.replay()[0].type == "log.init"


async def test_the_signer_is_a_process_that_is_started_again(small_box: Any) -> None:
    log = small_box.log(Means())
    await log.start()
    assert log.problem == ""
    process = log._keeper._signer._process
    assert process.pid != os.getpid()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    await small_box.happen()
    await log.catch_up()
    assert len(small_box.replay()) == 2
    os.kill(log._keeper._signer._process.pid, signal.SIGSTOP)
    pid = log._keeper._signer._process.pid
    os.kill(pid, signal.SIGCONT)
    await log.close()
    assert not Path(f"/proc/{pid}").exists()


async def test_what_signs_is_for_its_owner_alone(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    await small_box.happen()
    await log.catch_up()
    await log.close()
    found = sorted(path.name for path in small_box.place.log_keys.rglob("*") if path.is_file())
    assert found == ["1.key", "actor.key", "home", "mark", "series"]
    for path in (small_box.place.log_keys, *small_box.place.log_keys.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_a_copied_folder_goes_on_only_when_somebody_says_so(small_box: Any) -> None:
    log = small_box.log()
    await log.start()
    await log.close()
    folder = small_box.place.log_keys
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    await small_box.happen()
    log = small_box.log()
    for _ in range(2):
        with pytest.raises(LogStoppedError, match=r"is a copy.*weir audit adopt --yes --reason WHY"):
            await log.catch_up()
    await log.adopt()
    await log.catch_up()
    assert len(small_box.replay()) == 2
    await small_box.log().start()
    assert small_box.verify() == 0
