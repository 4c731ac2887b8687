"""What the API knows of the appliance: the values it shows, and the few things it may ask control to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from admin.api.archive import Archive
from admin.api.list_life import ListActions, ListInspections, ListTexts
from admin.config import Config
from admin.services.actors import Actor
from admin.services.acts import Act
from admin.services.hits import HitReport
from admin.services.place import Place
from admin.services.probes import Report
from admin.services.scanning import NOBODY_SCANS, Scanning
from blocklists.edits import Change, Edit
from blocklists.model import Kind, Scope
from blocklists.records import Suspension
from resolver.tables.view import View

if TYPE_CHECKING:  # nothing that starts quickly waits for SQLAlchemy
    from admin.store.database import Database


@dataclass(frozen=True, slots=True)
class ListCondition:
    """One list. Times are Unix seconds, None = never; ``entries`` is None for a secret list and one never loaded."""

    id: str
    kind: Kind
    loaded: bool
    state: str
    """``waiting`` before the first attempt, then the outcome of the last one."""
    entries: int | None = None
    last_attempt: float | None = None
    last_success: float | None = None
    message: str = ""
    title: str = ""
    authority: str = ""
    enforced: str = "all"
    """``all``, ``names`` (too old for its URL entries), ``nothing`` (suspended, or too old)."""
    age: float | None = None
    """Seconds since it was last known to be current; a clock that is set does not change it."""
    age_level: str = "current"
    next_attempt: float | None = None
    fetching: bool = False
    attempts: int = 0
    """Attempts that ended since control was started."""
    in_force: bool = True
    """False: the version that serves is still being compiled."""
    dispositions: Mapping[str, int] | None = None
    """Entries by what enforcement they can get; None as ``entries``."""
    serving: str | None = None
    """The digest of the version that serves, None as ``entries``."""
    held: str = ""
    """The digest of the version that the gates hold back."""
    pinned: str = ""
    """The digest of the version that somebody rolled back to."""
    suspension: Suspension | None = None


@dataclass(frozen=True, slots=True)
class ConfigCondition:
    """The configuration in force and what became of the files that were to replace it."""

    loaded: float
    """When the one in force was read, Unix seconds."""
    accepted: int = 0
    rejected: int = 0
    problems: tuple[str, ...] = ()
    """What is wrong with the file that was refused last; empty when the last one was accepted."""


@dataclass(frozen=True, slots=True)
class LogCondition:
    """The public log."""

    size: int = 0
    """Leaves."""
    origin: str = ""
    """Empty before it is open."""
    problem: str = ""
    """Why nothing can be added to it now; empty when it can."""
    appends: int = 0
    """Checkpoints that were published since control was started."""
    seconds: float = 0.0
    """That they took altogether."""


@dataclass(frozen=True, slots=True)
class Condition:
    """All that control knows of itself at one moment. ``generation`` is None before anything was published."""

    config: ConfigCondition
    lists: tuple[ListCondition, ...] = ()
    generation: int | None = None
    published: float | None = None
    publish_failures: int = 0
    publish_problem: str = ""
    """Why the newest state could not be published; empty when it was."""
    snapshot_entries: int | None = None
    snapshot_bytes: int | None = None
    """Of all lists together; None before anything was published, and where a list is secret: whoever takes the other
    lists' numbers off would have its size."""
    processes: tuple[str, ...] = ()
    """The names of the processes that the generation in force calls for."""
    notices: Mapping[str, int] | None = None
    """NOTIFY messages that were ``taken``, ``refused`` or ``dropped``; None where nobody listens for them."""
    clashes: tuple[str, ...] = ()
    """What of the database is not in force as it stands there, in words."""
    selftests: tuple[Report, ...] = ()
    """What the newest self-test says of each list with a canary."""
    selftest_problem: str = ""
    """Why findings cannot be written down now; empty when they can."""
    selftest_lost: int = 0
    """Findings that never could be."""
    log: LogCondition | None = None
    """None where none is kept."""
    is_ahead: bool = False
    """Less is enforced than the log says: a list was switched off a moment ago, and that is yet to be logged."""
    scanning: Scanning = NOBODY_SCANS
    """How many clients walk through secret lists, as the workers said last."""


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What became of a reload: the generation that came of it, or the problems that prevented it."""

    accepted: bool
    generation: int | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditReport:
    """What became of edits: how many are in force, whether the lists are being compiled for the rest, all that hold."""

    in_force: int
    compiling: bool
    edits: tuple[Edit, ...]
    waits: str = ""
    """Why those that are not in force wait, and what to do; empty if nothing stands against them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An entry as a person wrote it; ``scope`` None = as the list's own bare names."""

    change: Change
    name: str
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The credentials that are not in the database; ``file`` is None if ``admin.token_file`` is not set."""

    local: str | None = field(repr=False)
    """What ``weir`` on this box sends; new with every start of control, None before it is written."""
    file: str | None = field(default=None, repr=False)


class Appliance(Protocol):
    """Control, as the API sees it."""

    @property
    def config(self) -> Config:
        """The configuration in force: what the file declares and what the database holds."""

    @property
    def declared(self) -> Config:
        """The configuration as its file says it."""

    async def connect(self) -> Database:
        """What the API changes, once it is open. UnavailableError while it cannot be reached."""

    async def store_changed(self) -> str:
        """Bring into force what the database holds now. Why that waits, in words; empty if it is in force."""

    @property
    def place(self) -> Place:
        """The folders."""

    @property
    def keys(self) -> Keys:
        """The credentials that are not in the database."""

    @property
    def lists(self) -> ListActions:
        """What may be decided about lists."""

    @property
    def inspections(self) -> ListInspections:
        """Looking at versions of lists that do not serve."""

    @property
    def texts(self) -> ListTexts:
        """What the public log's digests can be recomputed from."""

    @property
    def archive(self) -> Archive:
        """What opens the public log's commitments, and the log itself."""

    def condition(self) -> Condition:
        """The state of things now."""

    async def selftest(self, actor: Actor, list_id: str) -> Report:
        """Ask for a list's canary now. DeniedError, NotFoundError, ConflictError if it has none."""

    def now(self) -> float:
        """Unix seconds."""

    async def view(self) -> View:
        """The generation in force, opened. TablesError or SnapshotError if there is none."""

    async def reload(self, act: Act | None = None) -> ReloadResult:
        """Read the configuration again and publish what comes of it; ``act`` is who asks for it."""

    async def edits(self, list_id: str) -> tuple[Edit, ...]:
        """The edits of a list that hold. NotFoundError, OSError."""

    async def hits(self, list_id: str) -> HitReport:
        """How often a list has spoken. NotFoundError."""

    async def edit(self, act: Act, list_id: str, wishes: Sequence[Wish]) -> EditReport:
        """Change single entries of a list, all or none. NotFoundError, EditError, OSError."""
