"""Messages to carriers: which were not taken, which wait, what became of the others; no contact is in any."""

from gateway.console.page import OPERATOR, Go, Html, Reply, Visit, page
from gateway.console.words import Words
from gateway.errors import NotFound
from gateway.model.message import Fate
from gateway.usecases import outbox, register
from gateway.usecases.people.accounts import actor

_LINES = 100
"""Of each kind, the newest; all of them are in `gateway handover outbox`."""

HINDRANCES = frozenset(
    {"url", "name", "inner_address", "unreachable", "certificate", "time", "size", "protocol"}
)
"""What may keep a message from its carrier on the way."""

_OWN_WORDS = HINDRANCES | {"challenge_not_met", "endpoint_disabled", "no_endpoint"}


@page("GET", "/messages", access=OPERATOR, name="messages", place="carriers")
def messages(visit: Visit) -> Reply:
    """The outbox, by what became of each message."""
    store, merchant = visit.services.store, visit.merchant
    lists = {fate: outbox.listing(store, merchant, fate, limit=_LINES) for fate in Fate}
    dead = lists[Fate.DEAD]
    return Html(
        template="messages.html",
        values={
            "lists": lists,
            "counts": outbox.counts(store, merchant),
            "names": {it.carrier_id: it.name for it in register.listing(store, merchant)},
            "dead_carriers": sorted({it.carrier_id for it in dead}),
            "outcomes": {
                it.message_id: _outcome(visit.words, it.outcome)
                for found in lists.values()
                for it in found
            },
            "done": visit.query.get("done", ""),
        },
    )


@page("POST", "/messages/replay", access=OPERATOR, name="messages_replay", place="carriers")
def messages_replay(visit: Visit) -> Reply:
    """Has a dead message wait again, or all to one carrier; each is decided anew when it is sent."""
    store, asker = visit.services.store, actor(visit.account)
    if carrier_id := visit.form.get("carrier"):
        revived = outbox.replay_all(store, visit.merchant, asker, carrier_id)
    else:
        revived = outbox.replay(store, visit.merchant, asker, [visit.form.get("message", "")])
    if not revived:
        raise NotFound("message")
    return Go(page="messages", values={"done": "replayed"})


def _outcome(words: Words, outcome: str | None) -> str:
    """What the last attempt came to, in words."""
    if outcome is None:
        return ""
    if outcome.isdigit():
        return words("messages.answered", status=outcome)
    if outcome in _OWN_WORDS:
        return words(f"messages.outcome.{outcome}")
    return words.listed(words(f"reason.{code}") for code in outcome.split(","))
