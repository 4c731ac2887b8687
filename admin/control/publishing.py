"""What was prepared becomes the generation in force. Runs in threads.

Two ways lead here and must not wait for each other: a new state, which may take seconds to compile, and the same state
with other lists enforced, which is the kill switch. One lock orders their publications, none is held while compiling.

Where a log is kept, whoever calls has what comes into force logged first and brings the proof (``logging_first``); the kill
switch alone goes ahead of the log, with the proof of before (``publish_again``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection
from dataclasses import asdict, replace

from admin.config import Config
from admin.control.compiled import Fingerprint
from admin.control.editing import Editor
from admin.control.lists import ListKeeper
from admin.control.preparing import InPlace, Prepared, Preparer, Step, Tried
from admin.control.proofs import Binding, Proof, Proofs, UncoveredError
from admin.services.build import sources
from admin.services.effective import SubscriberChange
from admin.services.in_force import InForce
from admin.services.place import Place
from admin.services.publish import Snapshot, promote, publish, stage
from admin.services.terms import Terms
from blocklists.enforcement import Enforced
from resolver.runtime.logs import get_logger
from resolver.tables.model import Tables
from resolver.tables.store import unstage
from resolver.tables.writing import Changes

_log = get_logger("weir.control")

Published = tuple[Tables, Snapshot]


class Publisher:
    """Owns the state folder and the generation in force. Methods raise OSError or ValueError and then leave the generation
    before in force.
    """

    def __init__(
        self, place: Place, keeper: ListKeeper, editor: Editor, preparer: Preparer, now: Callable[[], float]
    ) -> None:
        """``preparer`` prepares what is published; ``now`` gives Unix seconds."""
        self.proofs = Proofs(place.state)
        self._place, self._keeper, self._editor, self._now = place, keeper, editor, now
        self._preparer, self._situation = preparer, preparer.situation
        self._lock = threading.Lock()
        self.is_ahead = False
        """What is in force was put there ahead of the log, and is to be logged."""
        self._proof: Proof | None = None
        """Of what is in force for all."""
        self._in_force: InForce | None = None

    @property
    def tried(self) -> Tried | None:
        """What the first worker tries out."""
        return self._situation.tried

    @property
    def compiled(self) -> Fingerprint:
        """The lists that this process compiled last; empty before it compiled any. What is only tried out does not count."""
        if self.tried is not None:
            return self._situation.lists
        return () if self._preparer.compiled is None else self._preparer.compiled.fingerprint

    def holds(self, list_id: str) -> bool:
        """Whether what is compiled of a list is what should be enforced of it."""
        wanted = [pair for pair in self._keeper.fingerprint() if pair[0].id == list_id]
        compiled = [pair for pair in self.compiled if pair[0].id == list_id]
        masked = self._keeper.lives.enforced().get(list_id) is Enforced.NOTHING
        return wanted == compiled or (masked and bool(wanted))

    def steps(self, config: Config, prepared: Prepared) -> tuple[Step, ...]:
        """What is to come into force, one after the other; nothing if just that is tried out already."""
        put, before = InPlace(config, prepared), self._situation.put
        lists = self._to_be_tried(put)
        if not lists or self._in_force is None or before is None or self._preparer.compiled is None:
            return (Step(put),)
        if self.tried is not None and self.tried.put == put:
            return ()
        if config == before.config:
            return (Step(put, lists),)
        # What else is new shall not wait: it comes into force for all, over the lists of before.
        return (Step(replace(put, prepared=before.prepared), is_tidied=False), Step(put, lists))

    def amend(self, prepared: Prepared, proof: Proof | None) -> bool:
        """Make the amendments beside the compiled lists in force; False if they are to be compiled instead."""
        if prepared.amendments:
            with (
                self._lock,
                contextlib.suppress(UncoveredError),
            ):  # another generation follows, with its own proof
                self._prove_in_force(proof)
        return self._preparer.amend(prepared)

    def take(self, step: Step, proof: Proof | None) -> Published:
        """Put a state into force; ``proof`` is that of its being logged, None where no log is kept."""
        with self._lock:
            if step.tried_for:
                return self._try_out(step, proof)
            done = self._replace(step.put, proof, tidy=step.is_tidied)
            self._editor.release()
            self._preparer.keep_record()
            return done

    def again(self, proof: Proof | None) -> Published | None:
        """The state in force anew, as it is logged now; None if nothing is in force.

        UncoveredError: the proof is of another state.
        """
        with self._lock:
            put, in_force = self._situation.put, self._in_force
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
        return self._situation.put

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
        put, in_force = self._situation.put, self._in_force
        return None if put is None or in_force is None else (in_force.tables, put.prepared.snapshot)

    def change_subscribers(self, config: Config, changes: Collection[SubscriberChange]) -> bool:
        """Put a configuration into force that differs from the one in force in these subscribers alone.

        False if that takes a new generation.
        """
        with self._lock:
            put, in_force = self._situation.put, self._in_force
            if put is None or in_force is None:
                return False
            snapshot, terms = put.prepared.snapshot, Terms(self._keeper.lives.enforced())
            done = in_force.edit_subscribers(config, changes, snapshot.name, snapshot.bits, terms)
            if done is not None:
                self._situation.put = replace(put, config=config)
                self._change_tried(config, changes)
        return done is not None

    def publish_again(self, config: Config, *, from_before: bool = False) -> Published | None:
        """The state in force with what is enforced of its lists now, over the same compiled lists, and ahead of the log.

        None if there is no such state: nothing was published yet, and what an earlier process published is not of
        ``config``. UncoveredError if what was logged of it last does not cover what is enforced now or, ``from_before``,
        nothing that was logged before does either.
        """
        with self._lock:
            put = self._situation.put
            if put is None and (left := self._preparer.kept(config)) is not None:
                put = InPlace(config, Prepared(left[0], None, None))
            # Not tidied: what a compilation is writing belongs to no generation yet.
            if put is None:
                return None
            done = self._replace(put, self._proof_of(put, from_before=from_before), tidy=False)
            self.is_ahead = self.proofs.are_kept
            return done

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
        compiled = self._preparer.compiled
        if compiled is not None and compiled.snapshot.name == put.prepared.snapshot.name:
            self._situation.lists = compiled.fingerprint
        self._situation.put = replace(put, prepared=replace(put.prepared, amendments=()))
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
        if self._proof is not None and put is self._situation.put and not from_before:
            return self._proof
        return self.proofs.find(put.config, put.prepared.snapshot.name, self._keeper.lives.enforced())

    def _prove_in_force(self, proof: Proof | None) -> None:
        """What is in force has another proof, ahead of being changed in place. The caller holds the lock."""
        if proof is not None and self._situation.put is not None and self._in_force is not None:
            self._in_force.prove(self._terms(self._situation.put, proof).proof)

    # ---- trying out ----

    def promote(self, tried: Tried, proof: Proof | None) -> Published | None:
        """Let all workers have what the first one tries out. None if that is not tried out any more."""
        with self._lock:
            before, now = self._in_force, self.tried
            if now is None or now.state is not tried.state:
                return None
            tried = now  # its subscribers may have changed
            if proof is not None:
                tried.state.prove(self._terms(tried.put, proof).proof)
            put, state = tried.put, self._place.state
            snapshot = put.prepared.snapshot
            with self._editor.adopting(
                state / snapshot.name, sources(put.config), put.prepared.basis, snapshot.above_stops
            ):
                promote(tried.state, state)
            self._situation.tried, self._in_force = None, tried.state
            self._now_put(put, proof)
            self._preparer.keep_record()
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
            self._situation.tried, self._situation.gave_up = None, tried.put.prepared.snapshot.name
            tried.state.close()

    def _to_be_tried(self, put: InPlace) -> tuple[str, ...]:
        """The lists for whose sake the first worker is to try this out: new versions with ``staged``.

        Nothing if the configuration's lists are others than before. A list that could not be rolled back afterwards is
        not among them.
        """
        if (
            self._situation.put is None
            or self._preparer.compiled is None
            or put.config.lists != self._situation.put.config.lists
        ):
            return ()
        return self._preparer.wants_trial(
            put.config, self._situation.lists, self._preparer.compiled.fingerprint
        )

    def _try_out(self, step: Step, proof: Proof | None) -> Published:
        """The caller holds the lock. What is in force for all stays so, and is returned."""
        put = step.put
        assert self._in_force is not None
        assert self._situation.put is not None
        assert self._preparer.compiled is not None
        self._withdraw()
        terms = self._terms(put, proof)
        staged = stage(put.config, put.prepared.snapshot, self._place.state, now=self._now(), terms=terms)
        self._situation.tried = Tried(put, staged, self._preparer.compiled.fingerprint, step.tried_for)
        _log.info("a new state is tried out on the first worker", lists=", ".join(step.tried_for))
        return self._in_force.tables, self._situation.put.prepared.snapshot

    def _change_tried(self, config: Config, changes: Collection[SubscriberChange]) -> None:
        """Subscribers that change have their new policy on the first worker too."""
        if (tried := self.tried) is None:
            return
        snapshot, terms = tried.put.prepared.snapshot, Terms(self._keeper.lives.enforced())
        done = tried.state.edit_subscribers(config, changes, snapshot.name, snapshot.bits, terms)
        if done is None:
            self._withdraw()
        else:
            self._situation.tried = replace(tried, put=replace(tried.put, config=config))
