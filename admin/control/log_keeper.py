"""Which log is written: found in the database or begun, its keys at hand, the earlier ones put away.

One log follows another where the year ends or somebody has ended it: the old one's last leaf is ``log.close``, the new
one's first names the last checkpoint of the old. What goes into a log is decided in ``public_log``.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from admin.audit import key_files
from admin.audit.batch import Chance, Item
from admin.audit.disk import Disk
from admin.audit.doubt import ANOTHER_LOG, DoubtError, LogStoppedError
from admin.audit.files import CHECKPOINT, LogFiles, LogPlace
from admin.audit.head import Head, History, LogKey
from admin.audit.home import COPIED, is_copy, settle_in
from admin.audit.keys import SEED_BYTES, KeyRef, load_key
from admin.audit.remote_signer import RemoteSigner
from admin.audit.series import SeriesError, first, following, label_of, series_of
from admin.audit.shelving import finish, is_shelved, shelve
from admin.audit.signer import hello
from admin.audit.signing import Signer, SignerError
from admin.audit.successor import successor
from admin.audit.writer import Addition, Step, Writer
from admin.config import Config
from admin.services.place import Place
from admin.store.address import address_of
from blocklists.durable import write_file
from blocklists.private_files import write_private
from blocklists.properties import Secret
from resolver.tlog.commitments import actor_id
from resolver.tlog.leaf_types import LeafType
from resolver.tlog.leaves import LeafActor, Role
from resolver.tlog.notes import VerifierKey

if TYPE_CHECKING:
    from admin.store.log import StoreLedger

CREDENTIAL = "log-key"
"""What systemd may hand over without the configuration naming it."""
SYSTEM = "weir"
"""In whose name the log itself acts."""
MakeSigner = Callable[[Mapping[str, Any]], Signer]
"""What a signer is told first (``signer.hello``) → the signer."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a log lives by; a test has its own."""

    make_signer: MakeSigner = RemoteSigner
    disk: Callable[[Path], Disk] = Disk
    """Made over the folder of files that have no name yet."""
    chance: Chance = secrets.token_bytes
    step: Step = lambda _name: None
    batch: int = 1_000
    """Events under one checkpoint: about 400 KB that are staged at once."""


MEANS = Means()
FRESH_KEY = 86_400.0
"""Seconds after which a key no longer counts as one that was made because another was stolen."""


class LogKeeper:
    """Opens the log of one box. Used by one task at a time."""

    def __init__(
        self,
        config: Callable[[], Config],
        means: Means,
    ) -> None:
        """``config`` gives the configuration in force."""
        self._config, self._make_signer = config, means.make_signer
        self._place = Place(config().data_dir)
        self._disk = means.disk(self._place.log_staging)
        self._chance, self._step = means.chance, means.step
        self._signer: Signer | None = None
        self._origin = ""
        """Whose keys the signer has."""
        self._actor_key = b""
        self.files = self._files()

    @property
    def actor_key(self) -> bytes:
        """The secret key of pseudonyms, made once."""
        path = self._place.log_keys / "actor.key"
        if not self._actor_key:
            if not path.exists():
                write_private(path, self._chance(SEED_BYTES))
            self._actor_key = path.read_bytes()
        return self._actor_key

    @property
    def system(self) -> LeafActor:
        """The log itself, where it says something of its own."""
        return LeafActor(actor_id(self.actor_key, SYSTEM), Role.SYSTEM)

    @property
    def series(self) -> str:
        """What the logs of this box have in common."""
        config = self._config()
        return config.audit.origin or self._begun() or series_of("", config.node)

    async def open(self, ledger: StoreLedger, now: float) -> Writer:
        """The log that is to be written, recovered or begun. LogStoppedError, DoubtError."""
        try:
            return await self._open(ledger, now)
        except SignerError as error:
            raise LogStoppedError(str(error)) from error
        except SeriesError as error:
            raise DoubtError(f"the public log cannot go on: {error}") from error
        except OSError as error:
            where = error.filename or self._place.data_dir
            raise LogStoppedError(
                f"the public log cannot be opened: {where}: {error.strerror or error}"
            ) from error

    async def _open(self, ledger: StoreLedger, now: float) -> Writer:
        await asyncio.to_thread(self._see_whose_folder)
        await asyncio.to_thread(finish, self._place.log)
        history = await ledger.newest(self.series)
        if history is None:
            return await self._begin(ledger, None, first(self.series, now), now)
        if not history.head.closed:
            await asyncio.to_thread(self._see_whether_shelved, history.head.origin)
            return await self._resume(ledger, history)
        if not is_shelved(self._place.log, label_of(history.head.origin)):
            await self._resume(ledger, history)  # its last checkpoint is published before it is put away
            self.files.settle()
            await asyncio.to_thread(shelve, self._place.log, label_of(history.head.origin))
        await asyncio.to_thread(self._destroy_keys, history.head.origin)
        named = successor(await ledger.leaves(history.head.origin, max(0, history.head.size - 2), 2))
        origin = named.origin or following(self.series, history.head.origin, now)
        return await self._begin(ledger, history, origin, now, named.vkey)

    def _begun(self) -> str:
        """The series that was begun here; empty if none was. A node may be renamed, a log is not. OSError."""
        with suppress(FileNotFoundError):
            return (self._place.log_keys / "series").read_text("utf-8").strip()
        return ""

    def _see_whose_folder(self) -> None:
        if is_copy(self._home):
            raise DoubtError(COPIED)
        if not self._home.exists():
            settle_in(self._home)

    def _see_whether_shelved(self, origin: str) -> None:
        beside = self._place.log / label_of(origin) / CHECKPOINT
        if beside.is_file() and beside.read_bytes().startswith(f"{origin}\n".encode()):
            raise DoubtError(
                f"the log {origin} has ended and was put away, and the database does not know: an old backup of it was "
                f"restored. Nothing was changed. Restore the newest database; if there is none, {ANOTHER_LOG}"
            )

    async def adopt(self) -> None:
        """This folder is the log's own from now on, though it is a copy. LogStoppedError."""
        try:
            await asyncio.to_thread(settle_in, self._home)
        except OSError as error:
            raise LogStoppedError(f"{self._home}: {error.strerror or error}") from error

    @property
    def _home(self) -> Path:
        return self._place.log_keys / "home"

    def _destroy_keys(self, origin: str) -> None:
        """A log that has ended is signed no more: what is not there cannot be stolen."""
        for path in own_key_files(self._place, origin):
            path.unlink(missing_ok=True)

    async def _resume(self, ledger: StoreLedger, history: History) -> Writer:
        signer = await self._signer_of(history.head.origin)
        writer = self._writer(ledger, signer)
        await writer.open(history)
        await self.show(history, await self._before(ledger, history))
        return writer

    async def _begin(
        self, ledger: StoreLedger, before: History | None, origin: str, now: float, vkey: str = ""
    ) -> Writer:
        """The first leaf of a log. ``vkey`` is the key that the log before has named for it, if it has."""
        if (await asyncio.to_thread(self.files.find, CHECKPOINT)) is not None:
            begun = await asyncio.to_thread(self._begun)
            if begun != self.series:
                raise DoubtError(
                    f"{self._place.log} holds a log {begun}, and audit.origin names another; write {begun} there, or move the "
                    "folder away to begin another log"
                )
            raise DoubtError(
                f"{self._place.log} holds a log that the database does not know: an old or empty database was put in place of "
                "its own. Restore that; if there is none, move the folder away, name another audit.origin and start again"
            )
        await asyncio.to_thread(write_private, self._place.log_keys / "series", f"{self.series}\n".encode())
        key = await self._promised_key(origin, vkey)
        old = before.head if before is not None else Head("", self.series, 0)
        at = max(int(now), old.time)
        head = Head(origin, self.series, old.number + 1, state=old.state, events=old.events)
        history = History(head, (LogKey(key.key_id.hex(), key.text, 0, added=at),))
        writer = self._writer(ledger, await self._signer_of(origin))
        await writer.open(history)
        facts = {"origin": origin, "vkey": key.text} | ({"last": old.note.decode()} if old.note else {})
        manifests = await ledger.manifests([old.state])
        await writer.append(
            Addition(
                [Item(LeafType.LOG_INIT, self.system, facts)],
                at,
                state=old.state if manifests else None,
                manifest=manifests[0][1] if manifests else b"",
                keys=history.keys,
            )
        )
        await self.show(writer.history, before)
        return writer

    async def _promised_key(self, origin: str, vkey: str) -> VerifierKey:
        """The key to begin a log with. DoubtError if the log before has named another one than those at hand."""
        key = await self.first_key(origin)
        if vkey and key.text != vkey:
            await self.close()  # the next try reads the keys anew
            raise DoubtError(
                f"the log {origin} cannot begin: the one before has named the key {vkey} for it, and {key.text} is at hand "
                f"(audit.key). Put the named one back; if it is lost, {ANOTHER_LOG}"
            )
        return key

    async def _before(self, ledger: StoreLedger, history: History) -> History | None:
        """The log before, as long as nothing in force is proved by this one yet."""
        if history.head.bound is not None or history.head.number == 1:
            return None
        return await ledger.numbered(history.head.series, history.head.number - 1)

    async def show(self, history: History, before: History | None = None) -> None:
        """Write down which keys vouch for the log, for everybody. OSError."""
        url = self._config().audit.url
        await asyncio.to_thread(self._show, history, [history, *([before] if before else [])], url)

    def _show(self, history: History, vouching: list[History], url: str) -> None:
        found = {key_files.POLICY: key_files.policy(history, url), key_files.KEYS: key_files.keys(history)}
        for name, data in found.items():
            if self.files.find(name) != data:
                self.files.put(name, data)
        data = key_files.verifier_keys(vouching)
        with suppress(FileNotFoundError):
            if self._place.log_vkey.read_bytes() == data:
                return
        write_file(self._place.log_vkey, data)

    def forsake(self, label: str) -> None:
        """Trust no key of an earlier log any more: it was stolen. OSError."""
        folder = self._place.log / label
        if folder.is_dir():
            write_file(folder / key_files.POLICY, b"quorum none\n")

    async def fresh_keys(self, history: History) -> list[VerifierKey]:
        """The keys at hand for this log that have not signed it yet. SignerError."""
        known = {key.vkey for key in history.keys}
        signer = await self._signer_of(history.head.origin)
        return [key for key in await asyncio.to_thread(signer.vkeys) if key.text not in known]

    async def another_key(self, history: History) -> VerifierKey:
        """A key that does not sign yet: the one that the configuration names, or else one that is made now.

        LogStoppedError, OSError.
        """
        head = history.head
        await self.close()
        config = self._config()
        refs = key_refs(config, self._place, head.origin, os.environ)
        if all(ref.own for ref in refs):
            path = own_key_file(self._place, head.origin, len(history.keys) + 1)
            refs = [*refs, KeyRef(Secret(path=str(path)), own=True, fresh=True)]
        await self._start_signer(head.origin, refs)
        fresh = await self.fresh_keys(history)
        if not fresh:
            raise LogStoppedError("there is no other key to sign with; write where it lies to audit.next_key")
        return fresh[0]

    async def first_key(self, origin: str) -> VerifierKey:
        """The key that a log begins with; one of the box's own is made for it. SignerError, OSError."""
        return (await asyncio.to_thread((await self._signer_of(origin)).vkeys))[0]

    async def refuse_old_key(self, history: History, origin: str, now: float) -> None:
        """LogStoppedError if the log ``origin`` were signed with a key that may be the stolen one: a log is ended because of
        a theft, and only a key of the last day is sure to be another. SignerError, OSError.
        """
        following = await self.first_key(origin)
        for place, key in enumerate(history.keys):
            if VerifierKey.parse(key.vkey).public == following.public and (
                place == 0 or now - key.added > FRESH_KEY
            ):
                raise LogStoppedError(
                    "the next log would be signed with the key of this one; name another in audit.key (or let a new one "
                    "sign first: weir audit rotate-key, then retire-key --now), restart, and close this log then"
                )

    async def drop_key(self, key: LogKey, history: History) -> None:
        """Destroy a key of the box's own that has signed for the last time; the operator's are the operator's. OSError."""
        await asyncio.to_thread(self._drop, key, history.head)
        await self.close()

    def _drop(self, key: LogKey, head: Head) -> None:
        for path in own_key_files(self._place, head.origin):
            if load_key(KeyRef(Secret(path=str(path))), head.origin, making=False).public.text == key.vkey:
                path.unlink()

    async def close(self) -> None:
        """Let go of the signer; the next use starts another, with the keys that are there then."""
        signer, self._signer = self._signer, None
        if signer is not None:
            await asyncio.to_thread(signer.close)

    async def _signer_of(self, origin: str) -> Signer:
        if self._signer is None or self._origin != origin:
            await self.close()
            config = self._config()
            refs = key_refs(config, self._place, origin, os.environ)
            await self._start_signer(origin, refs)
        assert self._signer is not None
        return self._signer

    async def _start_signer(self, origin: str, refs: list[KeyRef]) -> None:
        mark = self._place.log_keys / label_of(origin) / "mark"
        told = hello(origin, refs, address_of(self._config()), mark)
        self._signer = await asyncio.to_thread(self._make_signer, told)
        self._origin = origin

    def _writer(self, ledger: StoreLedger, signer: Signer) -> Writer:
        self.files = self._files()
        return Writer(ledger, self.files, signer, self._chance, step=self._step)

    def _files(self) -> LogFiles:
        return LogFiles(LogPlace(self._place.log, self._place.log_staging), self._disk)


def key_refs(config: Config, place: Place, origin: str, environ: Mapping[str, str]) -> list[KeyRef]:
    """Where the keys of a log lie, the first one that of the configuration; at least one."""
    declared = [KeyRef(secret) for secret in (config.audit.key, config.audit.next_key) if secret is not None]
    if config.audit.key is not None:
        return declared
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / CREDENTIAL).is_file():
        return [KeyRef(Secret(credential=CREDENTIAL)), *declared]
    own = own_key_files(place, origin) or [own_key_file(place, origin, 1)]
    return [*(KeyRef(Secret(path=str(path)), own=True) for path in own), *declared]


def own_key_files(place: Place, origin: str) -> list[Path]:
    """The box's own keys of a log, in the order in which they were made."""
    folder = place.log_keys / label_of(origin)
    return sorted(folder.glob("*.key"), key=lambda path: (len(path.name), path.name))


def own_key_file(place: Place, origin: str, number: int) -> Path:
    """Where the box keeps its ``number``-th own key of a log."""
    return place.log_keys / label_of(origin) / f"{number}.key"
