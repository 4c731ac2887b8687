"""From the lists at hand to the generation in force: compile if need be, then publish. Runs in threads.

Two ways lead here and must not wait for each other: a new state, which may take seconds to compile, and the same state
with other lists enforced, which is the kill switch. One lock orders their publications, none is held while compiling.

Where a log is kept, whoever calls has what comes into force logged first and brings the proof (``logging_first``); the kill
switch alone goes ahead of the log, with the proof of before (``publish_again``).
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace

from admin.config import Config
from admin.control import compiled as records
from admin.control.amending import Amender, Amendment
from admin.control.compiled import Compiled, Fingerprint
from admin.control.editing import Basis, Editor
from admin.control.kept import kept
from admin.control.lists import ListKeeper, LostTextError
from admin.control.proofs import Binding, Proof, Proofs
from admin.control.trying import lists_to_try
from admin.services.build import sources
from admin.services.effective import SubscriberChange
from admin.services.in_force import InForce
from admin.services.place import Place
from admin.services.publish import Compile, Snapshot, compile_lists, promote, publish, stage
from admin.services.terms import Terms
from blocklists.enforcement import Enforced
from blocklists.snapshot.native import release_memory
from blocklists.snapshot.readings import Readings
from blocklists.suffixes import public_suffixes
from resolver.runtime.logs import get_logger
from resolver.tables.model import Tables
from resolver.tables.store import current_generation, unstage
from resolver.tables.writing import Changes

_log = get_logger("weir.control")

MOST_COMPILATIONS = 3
"""In a row without publishing one; whoever decides more often waits for less."""

Published = tuple[Tables, Snapshot]


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


class Publisher:
    """Owns the state folder and the generation in force. Methods raise OSError, ValueError or LostTextError and then
    leave the generation before in force.
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
        self.proofs = Proofs(place.state)
        self._place, self._keeper, self._editor, self._now = place, keeper, editor, now
        self._compiler, self._readings = compiler, readings
        self._amender = Amender(keeper, editor, readings)
        self._compiled: Compiled | None = None
        self._suffixes = hashlib.sha256("\n".join(sorted(public_suffixes())).encode()).hexdigest()
        self._wanted: Fingerprint = ()
        self._rests = False
        """What is in force is to be followed by something else, whatever comes."""
        self._lock = threading.Lock()
        self._put: InPlace | None = None
        self.is_ahead = False
        """What is in force was put there ahead of the log, and is to be logged."""
        self._proof: Proof | None = None
        """Of ``_put``."""
        self._put_lists: Fingerprint = ()
        """The lists behind ``_put``."""
        self._in_force: InForce | None = None
        self._gave_up = ""
        """The compiled lists whose trial was ended before it was over."""
        self.tried: Tried | None = None
        """Only one state is tried out at a time, and whatever else comes into force ends that."""

    @property
    def compiled(self) -> Fingerprint:
        """The lists that this process compiled last; empty before it compiled any. What is only tried out does not count."""
        if self.tried is not None:
            return self._put_lists
        return () if self._compiled is None else self._compiled.fingerprint

    @property
    def is_current(self) -> bool:
        """Whether nothing is left to be compiled, and what was compiled last is in force or tried out."""
        return (
            self._compiled is not None
            and not self._was_given_up
            and self._compiled.fingerprint == self._keeper.fingerprint()
            and self._compiled.shield == self._readings.guard.shield
            and not self._editor.owes_compiling
        )

    @property
    def _was_given_up(self) -> bool:
        """Whether something else came into force while what was compiled last was tried out."""
        put, compiled = self._put, self._compiled
        if put is None or compiled is None or self.tried is not None or put.prepared.basis is None:
            return False
        name = compiled.snapshot.name
        return name != put.prepared.snapshot.name and self._gave_up == name

    @property
    def is_behind(self) -> bool:
        """Whether something else is wanted than what the last compilation began with, or what was taken over."""
        return self._rests or self._wanted != self._keeper.fingerprint()

    def holds(self, list_id: str) -> bool:
        """Whether what is compiled of a list is what should be enforced of it."""
        wanted = [pair for pair in self._keeper.fingerprint() if pair[0].id == list_id]
        compiled = [pair for pair in self.compiled if pair[0].id == list_id]
        masked = self._keeper.lives.enforced().get(list_id) is Enforced.NOTHING
        return wanted == compiled or (masked and bool(wanted))

    def prepare(self, config: Config) -> Prepared:
        """The lists at hand, compiled for this configuration. That takes seconds of one core for millions of entries, and
        nothing where what is in force fits, or can be changed in place.
        """
        if self._compiled is None and (taken := self._take_over(config)) is not None:
            return Prepared(taken.snapshot, None, taken.fingerprint)
        is_crowded, self._rests = self._rests and self._amender.is_crowded, False
        if is_crowded or not self.is_current:
            if not is_crowded and (amended := self._amended(config)) is not None:
                return amended
            try:
                self._compile_as_decided()
            except LostTextError:
                # A list whose text is away must not freeze the policies of everybody.
                if (left := self._kept(config)) is None:
                    raise
                return Prepared(left[0], None, None)
        assert self._compiled is not None
        return Prepared(self._compiled.snapshot, self._compiled.basis, self._compiled.fingerprint)

    def steps(self, config: Config, prepared: Prepared) -> tuple[Step, ...]:
        """What is to come into force, one after the other; nothing if just that is tried out already."""
        put, before = InPlace(config, prepared), self._put
        lists = self._to_be_tried(put)
        if not lists or self._in_force is None or before is None or self._compiled is None:
            return (Step(put),)
        if self.tried is not None and self.tried.put == put:
            return ()
        if config == before.config:
            return (Step(put, lists),)
        # What else is new shall not wait: it comes into force for all, over the lists of before.
        return (Step(replace(put, prepared=before.prepared), is_tidied=False), Step(put, lists))

    def amend(self, prepared: Prepared, proof: Proof | None) -> bool:
        """Make the amendments beside the compiled lists in force; False if they are to be compiled instead."""
        compiled, lists = self._compiled, prepared.lists
        if not prepared.amendments:
            return True
        if compiled is None or lists is None or compiled.snapshot.name != prepared.snapshot.name:
            return False
        self._compiled = None  # should this end anywhere, nobody knows what is in force, and it is compiled
        records.take_back(self._place.state)
        with self._lock:
            self._prove_in_force(proof)
        amended = self._amender.apply(compiled, lists, prepared.amendments)
        if amended is None:
            return False
        self._compiled, self._wanted, self._rests = amended, lists, self._amender.is_crowded
        return True

    def take(self, step: Step, proof: Proof | None) -> Published:
        """Put a state into force; ``proof`` is that of its being logged, None where no log is kept."""
        with self._lock:
            if step.tried_for:
                return self._try_out(step, proof)
            done = self._replace(step.put, proof, tidy=step.is_tidied)
            self._editor.release()
            self._keep_record()
            return done

    def again(self, proof: Proof | None) -> Published | None:
        """The state in force anew, as it is logged now; None if nothing is in force.

        UncoveredError: the proof is of another state.
        """
        with self._lock:
            put, in_force = self._put, self._in_force
            if put is None or in_force is None:
                return None
            snapshot, terms = put.prepared.snapshot, self._terms(put, proof)
            if in_force.fits(put.config, snapshot.name, snapshot.bits, terms):
                in_force.prove(terms.proof)
                self._proof, self.is_ahead = proof, False
            else:
                self._replace(put, proof, tidy=False)
            self._editor.release()
            return self.unchanged

    @property
    def in_force(self) -> InPlace | None:
        """What this process has put into force for all; None if nothing yet."""
        return self._put

    @property
    def binding(self) -> Binding | None:
        """What is in force for all and by what it is bound; None where that cannot be shown, or is about to change."""
        proof, in_force = self._proof, self._in_force
        if proof is None or in_force is None or self.is_ahead or self.tried or self._editor.owes_compiling:
            return None
        return Binding(in_force.tables.generation, proof.state, proof.snap, proof.given.index)

    @property
    def unchanged(self) -> Published | None:
        """What is in force for all, if this process has put it there."""
        put, in_force = self._put, self._in_force
        return None if put is None or in_force is None else (in_force.tables, put.prepared.snapshot)

    def change_subscribers(self, config: Config, changes: Collection[SubscriberChange]) -> bool:
        """Put a configuration into force that differs from the one in force in these subscribers alone.

        False if that takes a new generation.
        """
        with self._lock:
            put, in_force = self._put, self._in_force
            if put is None or in_force is None:
                return False
            snapshot, terms = put.prepared.snapshot, Terms(self._keeper.lives.enforced())
            done = in_force.edit_subscribers(config, changes, snapshot.name, snapshot.bits, terms)
            if done is not None:
                self._put = replace(put, config=config)
                self._change_tried(config, changes)
        return done is not None

    def publish_again(self, config: Config, *, from_before: bool = False) -> Published | None:
        """The state in force with what is enforced of its lists now, over the same compiled lists, and ahead of the log.

        None if there is no such state: nothing was published yet, and what an earlier process published is not of
        ``config``. UncoveredError if what was logged of it last does not cover what is enforced now or, ``from_before``,
        nothing that was logged before does either.
        """
        with self._lock:
            put = self._put
            if put is None and (left := self._kept(config)) is not None:
                put = InPlace(config, Prepared(left[0], None, None))
            # Not tidied: what a compilation is writing belongs to no generation yet.
            if put is None:
                return None
            done = self._replace(put, self._proof_of(put, from_before=from_before), tidy=False)
            self.is_ahead = self.proofs.are_kept
            return done

    def _take_over(self, config: Config) -> Compiled | None:
        """What an earlier process compiled, if it is in force and of these very lists, edits and names; of other versions
        of them, it is followed by those.
        """
        if (left := self._kept(config)) is None:
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
        self._compiled = Compiled(fingerprint, snapshot, None, shield, edits)
        self._wanted, self._rests = fingerprint, not self.is_current
        return self._compiled

    def _amended(self, config: Config) -> Prepared | None:
        """The compiled lists in force with new versions beside them; None if these are to be compiled.

        A state that the first worker is to try out, or tries out now, is a compiled one of its own.
        """
        compiled, put, wanted = self._compiled, self._put, self._keeper.fingerprint()
        if compiled is None or put is None or put.prepared.snapshot.name != compiled.snapshot.name:
            return None
        if compiled.shield != self._readings.guard.shield or self._editor.owes_compiling:
            return None
        if self.tried is not None or self._wants_trial(config, compiled.fingerprint, wanted):
            return None
        if (amendments := self._amender.plan(compiled, wanted)) is None:
            return None
        return Prepared(compiled.snapshot, compiled.basis, wanted, tuple(amendments))

    def _keep_record(self) -> None:
        """Remember what is in force for the next process. The caller holds the lock."""
        compiled, put = self._compiled, self._put
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
        self._compiled = Compiled(wanted, compiled, basis, prepared.guard.shield, edits)

    def _replace(self, put: InPlace, proof: Proof | None, *, tidy: bool) -> Published:
        """The caller holds the lock."""
        self._withdraw()
        config, snapshot, terms = put.config, put.prepared.snapshot, self._terms(put, proof)
        state, before = self._place.state, self._in_force
        with self._editor.adopting(
            state / snapshot.name, sources(config), put.prepared.basis, snapshot.above_stops
        ):
            changes = before.edit(config, snapshot.name, snapshot.bits, terms) if before else None
            if before is None or changes is None:
                self._in_force = publish(config, snapshot, state, now=self._now(), terms=terms, tidy=tidy)
            elif changes != Changes():
                _log.info("subscribers and profiles changed in place", **asdict(changes))
        if before is not None and before is not self._in_force:
            before.close()
        self._now_put(put, proof)
        assert self._in_force is not None
        return self._in_force.tables, snapshot

    def _now_put(self, put: InPlace, proof: Proof | None) -> None:
        if self._compiled is not None and self._compiled.snapshot.name == put.prepared.snapshot.name:
            self._put_lists = self._compiled.fingerprint
        self._put = replace(put, prepared=replace(put.prepared, amendments=()))
        self._proof, self.is_ahead = proof, False

    # ---- proofs ----

    def snap(self, put: InPlace) -> str:
        """What binds the files of a state to a leaf of the log. OSError if they cannot be read."""
        return self.proofs.snap(put.config, put.prepared.snapshot.name)

    def _terms(self, put: InPlace, proof: Proof | None) -> Terms:
        """On what terms it may come into force. UncoveredError: more is to be enforced than was logged."""
        enforced = self._keeper.lives.enforced()
        if proof is None:
            return Terms(enforced)
        return self.proofs.terms(put.config, put.prepared.snapshot.name, enforced, proof)

    def _proof_of(self, put: InPlace, *, from_before: bool) -> Proof | None:
        """What was logged of it last, or at any time before. UncoveredError if nothing was."""
        if not self.proofs.are_kept:
            return None
        if self._proof is not None and put is self._put and not from_before:
            return self._proof
        return self.proofs.find(put.config, put.prepared.snapshot.name, self._keeper.lives.enforced())

    def _prove_in_force(self, proof: Proof | None) -> None:
        """What is in force has another proof, ahead of being changed in place. The caller holds the lock."""
        if proof is not None and self._put is not None and self._in_force is not None:
            self._in_force.prove(self._terms(self._put, proof).proof)

    # ---- trying out ----

    def promote(self, tried: Tried, proof: Proof | None) -> Published | None:
        """Let all workers have what the first one tries out. None if that is not tried out any more."""
        with self._lock:
            before = self._in_force
            if tried is not self.tried:
                return None
            if proof is not None:
                tried.state.prove(self._terms(tried.put, proof).proof)
            put, state = tried.put, self._place.state
            snapshot = put.prepared.snapshot
            with self._editor.adopting(
                state / snapshot.name, sources(put.config), put.prepared.basis, snapshot.above_stops
            ):
                promote(tried.state, state)
            self.tried, self._in_force = None, tried.state
            self._now_put(put, proof)
            self._keep_record()
            if before is not None:
                before.close()
            return tried.state.tables, snapshot

    def withdraw(self) -> None:
        """Let the first worker have again what the others have."""
        with self._lock:
            self._withdraw()

    def _withdraw(self) -> None:
        """The caller holds the lock. A link that an earlier process left goes too."""
        unstage(self._place.state)
        if (tried := self.tried) is not None:
            self.tried, self._gave_up = None, tried.put.prepared.snapshot.name
            tried.state.close()

    def _to_be_tried(self, put: InPlace) -> tuple[str, ...]:
        """The lists for whose sake the first worker is to try this out: new versions with ``staged``.

        None if the configuration's lists are others than before. A list that could not be rolled back afterwards is not
        among them.
        """
        if self._put is None or self._compiled is None or put.config.lists != self._put.config.lists:
            return ()
        return self._wants_trial(put.config, self._put_lists, self._compiled.fingerprint)

    def _wants_trial(self, config: Config, before: Fingerprint, after: Fingerprint) -> tuple[str, ...]:
        return lists_to_try(config, before, after, self._keeper.can_roll_back)

    def _try_out(self, step: Step, proof: Proof | None) -> Published:
        """The caller holds the lock. What is in force for all stays so, and is returned."""
        put = step.put
        assert self._in_force is not None
        assert self._put is not None
        assert self._compiled is not None
        self._withdraw()
        terms = self._terms(put, proof)
        staged = stage(put.config, put.prepared.snapshot, self._place.state, now=self._now(), terms=terms)
        self.tried = Tried(put, staged, self._compiled.fingerprint, step.tried_for)
        _log.info("a new state is tried out on the first worker", lists=", ".join(step.tried_for))
        return self._in_force.tables, self._put.prepared.snapshot

    def _change_tried(self, config: Config, changes: Collection[SubscriberChange]) -> None:
        """Subscribers that change have their new policy on the first worker too."""
        if (tried := self.tried) is None:
            return
        snapshot, terms = tried.put.prepared.snapshot, Terms(self._keeper.lives.enforced())
        done = tried.state.edit_subscribers(config, changes, snapshot.name, snapshot.bits, terms)
        if done is None:
            self._withdraw()
        else:
            self.tried = replace(tried, put=replace(tried.put, config=config))

    def _kept(self, config: Config) -> tuple[Snapshot, int] | None:
        return kept(config, self._place.state, self._readings.index_key)
