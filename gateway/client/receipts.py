"""Checks a receipt without asking anybody: the entry in it is in the log that a key speaks for."""

from dataclasses import dataclass
from datetime import datetime

from gateway.audit.faults import AuditError
from gateway.audit.proof import Refused
from gateway.audit.proof import verify_receipt as verdict_on
from gateway.audit.receipt import Receipt
from gateway.client.faults import UnverifiedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a receipt proves: who released which fields to which carrier, when, and by which policy.

    `id` is the entry's, which for a release is its release_id: hold it against the one you ask for.
    """

    log: str
    id: str
    index: int
    action: str
    time: datetime
    carrier: str | None
    fields: tuple[str, ...]
    policy: str | None


def verify_receipt(receipt: bytes, vkey: str) -> Proven:
    """What it proves; UnverifiedError where it proves nothing.

    `vkey` is the log's verifier key: keep it from where the log's operator cannot change it, such as
    the contract.
    """
    try:
        parsed = Receipt.parse(receipt)
    except AuditError as fault:
        raise UnverifiedError(str(fault)) from None
    verdict = verdict_on(parsed.leaf, parsed.proof, vkey)
    if isinstance(verdict, Refused):
        raise UnverifiedError(f"{verdict.step}: {verdict.reason}")
    entry = verdict.entry
    return Proven(
        log=verdict.checkpoint.origin,
        id=entry.id,
        index=verdict.index,
        action=entry.action.value,
        time=entry.time,
        carrier=entry.carrier,
        fields=tuple(entry.fields),
        policy=entry.policy,
    )
