"""From the lists at hand to compiled lists that can come into force: taken over, changed in place, or compiled. In threads.

What is in force is the publisher's to say (``Situation``); nothing here makes anything the state in force but the amendments
that were prepared, once they are logged.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from admin.config import Config
from admin.control import compiled as records
from admin.control.amending import Amender, Amendment
from admin.control.compiled import Compiled, Fingerprint
from admin.control.editing import Basis, Editor
from admin.control.kept import kept
from admin.control.lists import ListKeeper, LostTextError
from admin.control.trying import lists_to_try
from admin.services.in_force import InForce
from admin.services.place import Place
from admin.services.publish import Compile, Snapshot, compile_lists
from blocklists.snapshot.native import release_memory
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes
from resolver.tables.store import current_generation

MOST_COMPILATIONS = 3
"""In a row without publishing one; whoever decides more often waits for less."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Compiled lists, and what they were compiled with; None: an earlier process compiled them."""

    snapshot: Snapshot
    basis: Basis | None
    lists: Fingerprint | None
    """The versions that they hold, once the amendments are made; None if nobody knows them any more."""
    amendments: tuple[Amendment, ...] = ()
    """What is to be changed beside them when they come into force."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """What is in force, or is to be: what it takes to put it into force anew."""

    config: Config
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Step:
    """One state on its way into force: for all, or for the first worker, which tries it out for these lists' sake."""

    put: InPlace
    tried_for: tuple[str, ...] = ()
    is_tidied: bool = True
    """Whether older states may be cleared away then: not what belongs to the step that follows."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A state that the first worker tries out, and the lists for whose sake it does."""

    put: InPlace
    state: InForce
    compiled: Fingerprint
    lists: tuple[str, ...]


@dataclass(slots=True)
class Situation:
    """What is in force and what is tried out; the publisher's to change, under its lock."""

    put: InPlace | None = None
    """In force for all; None if this process has put nothing there yet."""
    lists: Fingerprint = ()
    """The lists behind ``put``."""
    tried: Tried | None = None
    """Only one state is tried out at a time, and whatever else comes into force ends that."""
    gave_up: str = ""
    """The compiled lists whose trial was ended before it was over."""


class Preparer:
    """Owns what was compiled last, and the record of it. Methods raise OSError, ValueError or LostTextError and then leave
    what is in force as it is.
    """

    def __init__(
        self,
        place: Place,
        keeper: ListKeeper,
        editor: Editor,
        now: Callable[[], float],
        *,
        compiler: Compile,
        readings: Readings,
    ) -> None:
        """``now`` gives Unix seconds; ``readings`` is what the keeper counts new versions with."""
        self.situation = Situation()
        self._place, self._keeper, self._editor, self._now = place, keeper, editor, now
        self._compiler, self._readings = compiler, readings
        self._amender = Amender(keeper, editor, readings)
        self.compiled: Compiled | None = None
        """What was compiled last; None where nobody knows any more."""
        self._suffixes = hashlib.sha256("\n".join(sorted(public_suffixes())).encode()).hexdigest()
        self._wanted: Fingerprint = ()
        self._rests = False
        """What is in force is to be followed by something else, whatever comes."""

    @property
    def is_current(self) -> bool:
        """Whether nothing is left to be compiled, and what was compiled last is in force or tried out."""
        return (
            self.compiled is not None
            and not self._was_given_up
            and self.compiled.fingerprint == self._keeper.fingerprint()
            and self.compiled.shield == self._readings.guard.shield
            and not self._editor.owes_compiling
        )

    @property
    def _was_given_up(self) -> bool:
        """Whether something else came into force while what was compiled last was tried out."""
        put, compiled = self.situation.put, self.compiled
        if put is None or compiled is None or self.situation.tried is not None or put.prepared.basis is None:
            return False
        name = compiled.snapshot.name
        return name != put.prepared.snapshot.name and self.situation.gave_up == name

    @property
    def is_behind(self) -> bool:
        """Whether something else is wanted than what the last compilation began with, or what was taken over."""
        return self._rests or self._wanted != self._keeper.fingerprint()

    def prepare(self, config: Config) -> Prepared:
        """The lists at hand, compiled for this configuration. That takes seconds of one core for millions of entries, and
        nothing where what is in force fits, or can be changed in place.
        """
        if self.compiled is None and (taken := self._take_over(config)) is not None:
            return Prepared(taken.snapshot, None, taken.fingerprint)
        is_crowded, self._rests = self._rests and self._amender.is_crowded, False
        if is_crowded or not self.is_current:
            if not is_crowded and (amended := self._amended(config)) is not None:
                return amended
            try:
                self._compile_as_decided()
            except LostTextError:
                # A list whose text is away must not freeze the policies of everybody.
                if (left := self.kept(config)) is None:
                    raise
                return Prepared(left[0], None, None)
        assert self.compiled is not None
        return Prepared(self.compiled.snapshot, self.compiled.basis, self.compiled.fingerprint)

    def amend(self, prepared: Prepared) -> bool:
        """Make the amendments beside the compiled lists in force; False if they are to be compiled instead."""
        compiled, lists = self.compiled, prepared.lists
        if not prepared.amendments:
            return True
        if compiled is None or lists is None or compiled.snapshot.name != prepared.snapshot.name:
            return False
        self.compiled = None  # should this end anywhere, nobody knows what is in force, and it is compiled
        records.take_back(self._place.state)
        amended = self._amender.apply(compiled, lists, prepared.amendments)
        if amended is None:
            return False
        self.compiled, self._wanted, self._rests = amended, lists, self._amender.is_crowded
        return True

    def _take_over(self, config: Config) -> Compiled | None:
        """What an earlier process compiled, if it is in force and of these very lists, edits and names; of other versions
        of them, it is followed by those.
        """
        if (left := self.kept(config)) is None:
            return None
        snapshot, serial = left
        wanted = self._keeper.fingerprint()
        try:
            edits = self._edits_of(wanted)
        except OSError:
            return None
        known = records.recall(self._place.state, snapshot, serial, wanted, edits, self._suffixes)
        if known is None:
            return None
        fingerprint, shield, above_stops = known
        snapshot = replace(snapshot, above_stops=above_stops)
        self.compiled = Compiled(fingerprint, snapshot, None, shield, edits)
        self._wanted, self._rests = fingerprint, not self.is_current
        return self.compiled

    def _amended(self, config: Config) -> Prepared | None:
        """The compiled lists in force with new versions beside them; None if these are to be compiled.

        A state that the first worker is to try out, or tries out now, is a compiled one of its own.
        """
        compiled, put, wanted = self.compiled, self.situation.put, self._keeper.fingerprint()
        if compiled is None or put is None or put.prepared.snapshot.name != compiled.snapshot.name:
            return None
        if compiled.shield != self._readings.guard.shield or self._editor.owes_compiling:
            return None
        if self.situation.tried is not None or self.wants_trial(config, compiled.fingerprint, wanted):
            return None
        if (amendments := self._amender.plan(compiled, wanted)) is None:
            return None
        return Prepared(compiled.snapshot, compiled.basis, wanted, tuple(amendments))

    def keep_record(self) -> None:
        """Remember what is in force for the next process. The caller holds the publisher's lock."""
        compiled, put = self.compiled, self.situation.put
        if compiled is None or put is None or put.prepared.snapshot.name != compiled.snapshot.name:
            return
        with contextlib.suppress(OSError):  # a full disk: the next process compiles
            serial = self._editor.serial  # read first: an edit from here on makes the record one of the past
            if self._edits_of(compiled.fingerprint) == compiled.edits:
                records.keep(self._place.state, compiled, serial, self._suffixes)
            else:
                records.take_back(self._place.state)

    def _edits_of(self, fingerprint: Fingerprint) -> str:
        return records.digest_of_edits(self._editor.basis(source for source, _ in fingerprint).edits)

    def _compile_as_decided(self) -> None:
        """Compile anew what was decided otherwise meanwhile: what somebody took back must not serve, if only for once."""
        for _ in range(MOST_COMPILATIONS):
            before = self._keeper.lives.decisions
            self._compile()
            if self._keeper.lives.decisions == before:
                return

    def _compile(self) -> None:
        state, wanted = self._place.state, self._keeper.fingerprint()
        self._wanted = wanted
        texts = self._keeper.texts(in_force=current_generation(state) is not None)
        basis = self._editor.basis(source for source, _ in texts)
        prepared = self._readings.take()
        compiled = compile_lists(
            texts,
            state,
            now=self._now(),
            edits=basis.edits,
            compiler=self._compiler,
            prepared=prepared,
        )
        del texts
        release_memory()
        edits = records.digest_of_edits(basis.edits)
        self.compiled = Compiled(wanted, compiled, basis, prepared.guard.shield, edits)

    def kept(self, config: Config) -> tuple[Snapshot, int] | None:
        """The compiled lists that an earlier process left in force and their serial, if they are those of ``config``."""
        return kept(config, self._place.state, self._readings.index_key)

    def wants_trial(self, config: Config, before: Fingerprint, after: Fingerprint) -> tuple[str, ...]:
        """The lists for whose sake the first worker is to try out the versions ``after``."""
        return lists_to_try(config, before, after, self._keeper.can_roll_back)
