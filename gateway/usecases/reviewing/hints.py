"""Shows what is worth a look, and takes down what a reviewer found; a conclusion is on record."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection

from gateway.audit.entry import Action, Outcome
from gateway.errors import NotFound
from gateway.model.account import Account
from gateway.storage import carriers, hints
from gateway.storage.hints import Conclusion, Hint, HintKind, Review
from gateway.storage.store import Store, Transaction
from gateway.usecases.people.accounts import actor

SPAN = timedelta(days=30)
"""How long ago something is that is still shown, and how soon a registration lapses to be told of."""


def current(connection: Connection, merchant: str, now: datetime, zone: tzinfo) -> list[Hint]:
    """What was noticed in the last 30 days, and whose registration lapses in the next; latest first.

    Those that nobody reviewed come first.
    """
    found = hints.since(connection, merchant, now - SPAN)
    reviewed = {hint.key: hint for hint in found}
    lapsing = [reviewed.get(hint.key, hint) for hint in _lapsing(connection, merchant, now, zone)]
    noticed = [hint for hint in found if hint.kind is not HintKind.LAPSING]
    return sorted([*lapsing, *noticed], key=lambda hint: hint.review is not None)


def review(
    store: Store, account: Account, zone: tzinfo, key: str, conclusion: Conclusion, request_id: str
) -> None:
    """Note what the account found about a hint; NotFound when there is none of this key."""

    def work(tx: Transaction) -> None:
        known = {hint.key: hint for hint in current(tx.connection, tx.merchant, tx.now, zone)}
        if key not in known:
            raise NotFound(f"there is no hint {key}")
        hint = known[key]
        if hint.kind is HintKind.LAPSING:
            # It was worked out from the registration until now.
            hints.put(tx.connection, tx.merchant, [replace(hint, seen_at=tx.now)])
        found = Review(at=tx.now, account_id=account.account_id, conclusion=conclusion)
        hints.review(tx.connection, tx.merchant, key, found)
        about = hint.about if hint.kind in _OF_CARRIERS else None
        tx.record(
            actor(account),
            Action.HINT_REVIEWED,
            Outcome.DONE,
            carrier=about,
            subject=hint.about if hint.kind is HintKind.REPEATED else None,
            request_id=request_id,
            detail={"hint": key, "conclusion": conclusion.value},
        )

    store.write(account.merchant, work)


_OF_CARRIERS = frozenset(
    {HintKind.FIRST_RELEASE, HintKind.VOLUME, HintKind.HOURS, HintKind.LAPSING}
)


def _lapsing(connection: Connection, merchant: str, now: datetime, zone: tzinfo) -> Sequence[Hint]:
    return [
        Hint(
            kind=HintKind.LAPSING,
            about=one.carrier_id,
            day=one.valid_until.astimezone(zone).toordinal(),
            number=1,
            usual=0,
            seen_at=now,
        )
        for one in carriers.of_merchant(connection, merchant)
        if one.withdrawn_at is None and now - SPAN <= one.valid_until < now + SPAN
    ]
