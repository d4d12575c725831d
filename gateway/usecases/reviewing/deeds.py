"""What each client, person and carrier did or was given: how often, and on which day last."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from gateway.audit.entry import Action
from gateway.storage import entries, tallies
from gateway.storage.store import Store
from gateway.storage.tallies import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """How often what was done, and on which day last; None: nothing was."""

    actions: Mapping[str, int]
    last_day: date | None


NOTHING = Did(actions={}, last_day=None)

_HAND_OVER = frozenset({Action.CONTACT_RELEASED.value, Action.CONTACT_REFUSED.value})


Deeds = tuple[Mapping[tuple[str, str], Did], Mapping[str, Did]]
"""By role and id of whoever acted; and by carrier, what went or was refused to it."""


def so_far(store: Store, merchant: str) -> Deeds:
    """All that the merchant's logs tell of, but for what came in the last moments."""
    until = store.clock().date() + timedelta(days=1)
    with store.read() as connection:
        found = entries.stretches(connection, merchant, None, None)
        pieces = [Piece(one.log, one.low, one.high) for one in found]
        return deeds(connection, merchant, pieces, until)


def deeds(connection: Connection, merchant: str, pieces: Iterable[Piece], until: date) -> Deeds:
    """What each actor did, and what went to or was refused to each carrier, up to and with a day."""
    known = tallies.known(connection, merchant)
    actors: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    receivers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    last_of_actor: dict[tuple[str, str], int] = {}
    last_of_carrier: dict[str, int] = {}
    for piece in pieces:
        sums = {id_: it for id_, it in tallies.sums(connection, piece).items() if it}
        days = tallies.last_days(connection, piece, until.toordinal(), sums)
        for id_, number in sums.items():
            kind = known[id_]
            # Days were counted in the time zone of then.
            day = days.get(id_, until.toordinal())
            who = (kind.role, kind.actor)
            actors[who][kind.action] += number
            last_of_actor[who] = max(last_of_actor.get(who, 0), day)
            if kind.action in _HAND_OVER:
                receivers[kind.carrier][kind.action] += number
                last_of_carrier[kind.carrier] = max(last_of_carrier.get(kind.carrier, 0), day)
    return (
        {who: _did(counts, last_of_actor[who]) for who, counts in actors.items()},
        {one: _did(counts, last_of_carrier[one]) for one, counts in receivers.items()},
    )


def _did(counts: Counter[str], last_day: int) -> Did:
    return Did(actions=dict(sorted(counts.items())), last_day=date.fromordinal(last_day))
