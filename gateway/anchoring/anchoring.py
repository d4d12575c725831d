"""Brings each log's newest checkpoint to every place outside; it never signs, and holds up no append.

A place is a witness or a holder. Each has its own turn, in one process of one node at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import structlog

from gateway.anchoring import holders, witnesses
from gateway.anchoring.holders import Holder
from gateway.anchoring.sending import Sender
from gateway.anchoring.witnesses import SHOWS_TAMPERING, Declined, Offer, ask
from gateway.audit.faults import AuditError
from gateway.audit.merkle import consistency_proof
from gateway.audit.witness import add_cosignatures
from gateway.errors import Unavailable
from gateway.storage import anchors, tasks, tree
from gateway.storage.anchors import Due
from gateway.storage.store import Store
from gateway.usecases import holding
from gateway.usecases.holding import Hold
from gateway.usecases.log.witnessed import Witness
from gateway.usecases.services import Services

_AGAIN = timedelta(minutes=5)
"""After a failure, or with nothing to bring yet, the next attempt comes no later than this."""

_UNREADABLE = "log"
_LONGEST = 32  # of an outcome, as it is stored


@dataclass(frozen=True, slots=True)
class Place:
    """Where checkpoints go, how often, and how one of a log gets there: why it did not, or None."""

    name: str
    every: timedelta
    bring: Callable[[Due], str | None]


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn at a place came to; `is_busy`: it was not its time, or another had the turn."""

    confirmed: int = 0
    outcome: str | None = None
    is_busy: bool = False


class Anchoring:
    """All places of a gateway's settings."""

    def __init__(self, store: Store, places: Sequence[Place]) -> None:
        self.places = places
        self._store = store

    @classmethod
    def over(cls, services: Services, sender: Sender) -> Self:
        """The witnesses and the holders; ConfigurationError where a witness's key is none."""
        store, settings = services.store, services.settings
        found = [
            Place(
                anchors.WITNESS + one.name,
                settings.witnessing.every,
                _cosigning(store, sender, one),
            )
            for one in services.quorum.witnesses
        ]
        outside = holders.configured(settings.holding, settings.mail, sender, store.clock)
        found += [Place(one.name, settings.holding.every, _handing(store, one)) for one in outside]
        return cls(store, found)

    def turn(self, place: Place, holder: str, *, only_due: bool) -> Round:
        """Bring the place every log that has grown; the first failure ends the turn.

        What the place does not answer for one log it will not for the next; what it holds against
        one log says nothing of the others, so that is kept and the turn goes on.
        """
        task = f"anchor.{place.name}"
        if only_due and not self._is_due(task):
            return Round(is_busy=True)
        hold = holding.take(self._store, task, holder, only_due=only_due)
        if hold is None:
            return Round(is_busy=True)
        done = Round(outcome="interrupted")
        try:
            done = self._bring_all(place, hold)
        finally:
            is_done = done.confirmed and not done.outcome
            wait = place.every if is_done else min(place.every, _AGAIN)
            hold.let_go(holding.FAILED if done.outcome else holding.DONE, wait)
        return done

    def _is_due(self, task: str) -> bool:
        # By reading alone: a turn is taken in a durable commit, and it is asked for every second.
        now = self._store.clock()
        tasks.ensure(self._store.database, task, now)
        with self._store.read() as connection:
            return task in tasks.due(connection, now)

    def _bring_all(self, place: Place, hold: Hold) -> Round:
        with self._store.read() as connection:
            due = anchors.due(connection, place.name)
        confirmed, outcome = 0, None
        for one in due:
            failure = place.bring(one)
            now = self._store.clock()
            with self._store.change() as connection:
                hold.renew(connection, now)
                if failure is None:
                    anchors.confirmed(connection, one.log, place.name, one.size, now)
                else:
                    anchors.failed(connection, one.log, place.name, failure[:_LONGEST], now)
            if failure is None:
                confirmed += 1
                continue
            outcome = outcome or failure
            _tell(place, one, failure)
            if failure not in witnesses.OF_THE_LOG and failure != _UNREADABLE:
                break
        return Round(confirmed=confirmed, outcome=outcome)


def _tell(place: Place, due: Due, failure: str) -> None:
    log = structlog.get_logger()
    if failure in SHOWS_TAMPERING:
        log.error("log.contradicted", place=place.name, origin=due.origin, outcome=failure)
    else:
        log.warning("anchor.failed", place=place.name, outcome=failure)


def _cosigning(store: Store, sender: Sender, witness: Witness) -> Callable[[Due], str | None]:
    def bring(due: Due) -> str | None:
        def prove(known: int) -> Sequence[bytes]:
            with store.read() as connection:
                hashes = tree.hashes(connection, due.log, due.size)
                return consistency_proof(known, due.size, hashes)

        try:
            offer = Offer(_note(store, due), due.size, prove)
            said = ask(sender, witness, offer, due.known, store.clock())
        except (AuditError, Unavailable):
            # The stored tiles do not give the proof: `gateway audit verify` says where.
            return _UNREADABLE
        if isinstance(said, Declined):
            return said.outcome
        with store.change() as connection:
            # Read anew: another witness's lines may have come meanwhile.
            note = anchors.note_of(connection, due.log, due.size) or offer.note
            note = add_cosignatures(note, said.answer, witness.verifier)
            anchors.put_note(connection, due.log, due.size, note)
        return None

    return bring


def _handing(store: Store, holder: Holder) -> Callable[[Due], str | None]:
    def bring(due: Due) -> str | None:
        try:
            return holder.hand(due, _note(store, due))
        except Unavailable:
            return _UNREADABLE

    return bring


def _note(store: Store, due: Due) -> bytes:
    with store.read() as connection:
        note = tree.note_at(connection, due.log, due.size)
    if note is None:
        raise Unavailable("log", f"{due.origin} has no checkpoint of {due.size} entries")
    return note
