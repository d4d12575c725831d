"""Asks a witness to cosign a checkpoint (c2sp.org/tlog-witness); believes nothing that it did not sign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from gateway.anchoring.sending import Sender
from gateway.audit.checkpoint import cosigned_by
from gateway.audit.faults import AuditError
from gateway.audit.witness import add_checkpoint, add_cosignatures, conflict_size
from gateway.handover.exchange import Reply
from gateway.usecases.log.witnessed import Witness

_CLOCKS_APART = timedelta(hours=1)
"""A cosignature that is further off says nothing of when the checkpoint was there."""

_ATTEMPTS = 3
"""The first, one with the size that the witness named, one more should it have moved meanwhile."""

Prove = Callable[[int], Sequence[bytes]]
"""The consistency proof from a tree of that size to the one of the checkpoint."""


class Trouble(StrEnum):
    """Why a witness did not cosign. The first two show that the log was cut or forked."""

    AHEAD = "ahead"
    CONTRADICTION = "contradiction"
    SIGNATURE = "signature"
    CLOCK = "clock"
    ANSWER = "answer"


SHOWS_TAMPERING = frozenset({Trouble.AHEAD, Trouble.CONTRADICTION})

OF_THE_LOG = SHOWS_TAMPERING | {
    str(status.value) for status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
}
"""What a witness holds against one log alone: it may well cosign the next."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """The witness cosigned; `answer` holds its lines."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Declined:
    """The witness did not; `outcome` is a `Trouble`, a hindrance on the way, or a status."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A signed checkpoint, and how to prove that it continues an earlier one."""

    note: bytes
    size: int
    prove: Prove


def ask(
    sender: Sender, witness: Witness, offer: Offer, known: int, now: datetime
) -> Vouched | Declined:
    """What the witness says to a checkpoint, `known` being the size that it cosigned last."""
    url = f"{witness.url.rstrip('/')}/add-checkpoint"
    for _ in range(_ATTEMPTS):
        proof = offer.prove(known) if 0 < known < offer.size else ()
        reply = sender.post(url, add_checkpoint(known, proof, offer.note))
        if not isinstance(reply, Reply):
            return Declined(reply.hindrance.name.lower())
        if reply.status != HTTPStatus.CONFLICT:
            return _judged(witness, offer, reply, now)
        try:
            size = conflict_size(reply.body)
        except AuditError:
            return Declined(Trouble.ANSWER)
        if size > offer.size:
            return Declined(Trouble.AHEAD)
        if size == known:
            # It has the very size that it was told of. Of the checkpoint's, it is another tree that it has;
            # of any other, it contradicts itself, and says nothing of the log.
            return Declined(Trouble.CONTRADICTION if size == offer.size else Trouble.ANSWER)
        known = size
    return Declined(str(HTTPStatus.CONFLICT.value))


def _judged(witness: Witness, offer: Offer, reply: Reply, now: datetime) -> Vouched | Declined:
    if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        # The proof fits our own tree: the witness has seen another one.
        return Declined(Trouble.CONTRADICTION)
    if reply.status != HTTPStatus.OK:
        return Declined(str(reply.status))
    try:
        note = add_cosignatures(offer.note, reply.body, witness.verifier)
    except AuditError:
        return Declined(Trouble.SIGNATURE)
    times = [one.time for one in cosigned_by(note, [witness.verifier])]
    if any(abs(time - now.timestamp()) > _CLOCKS_APART.total_seconds() for time in times):
        return Declined(Trouble.CLOCK)
    return Vouched(reply.body)
