"""Carriers and clients: who may receive what until when, what they received; and the clients' tokens."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.console.page import EVERY_OFFICE, OPERATOR, Go, Html, Reply, Visit, page
from gateway.console.telling.speech import Speech
from gateway.errors import Conflict, InvalidInput
from gateway.usecases import clients, register
from gateway.usecases.people.accounts import actor
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.usecases.reviewing import deeds
from policies.question import Role

_DAYS = 3650


@page("GET", "/carriers", access=EVERY_OFFICE, name="carriers", place="carriers")
def carriers(visit: Visit) -> Reply:
    """All of them, lapsed and revoked ones too."""
    return _shown(visit)


@page("POST", "/carriers/clients", access=OPERATOR, name="client_create", place="carriers")
def client_create(visit: Visit) -> Reply:
    """A new client; its token is shown this once."""
    form = visit.form
    try:
        role, carrier_id = _role(form.get("role", ""))
        client, token = clients.create(
            visit.services.store,
            visit.merchant,
            role,
            carrier_id,
            form.get("name", "").strip(),
            None,
            _expires(form.get("expires", "").strip()),
            asker=actor(visit.account),
        )
    except InvalidInput as fault:
        return _shown(visit, fault.errors)
    return Html(template="token.html", values={"client": client, "token": token})


@page(
    "POST",
    "/carriers/clients/<client>/rotate",
    access=OPERATOR,
    name="client_rotate",
    place="carriers",
)
def client_rotate(visit: Visit) -> Reply:
    """A new token in place of the one before."""
    try:
        client, token = clients.rotate(
            visit.services.store, visit.merchant, visit.path["client"], actor(visit.account)
        )
    except Conflict:
        return _shown(visit, {"rotate": [visit.path["client"]]})
    return Html(template="token.html", values={"client": client, "token": token})


@page(
    "POST",
    "/carriers/clients/<client>/revoke",
    access=OPERATOR,
    name="client_revoke",
    place="carriers",
)
def client_revoke(visit: Visit) -> Reply:
    """The end of a client."""
    clients.revoke(visit.services.store, visit.merchant, visit.path["client"], actor(visit.account))
    return Go(page="carriers", values={"done": "client_revoked"})


def _role(text: str) -> tuple[Role, str | None]:
    role, _, carrier_id = text.partition(":")
    try:
        return Role(role), carrier_id or None
    except ValueError:
        raise InvalidInput({"role": ["is not one of the list"]}) from None


def _expires(text: str) -> timedelta | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _DAYS:
        raise InvalidInput({"expires": [f"1 to {_DAYS} days"]})
    return timedelta(days=int(text))


def _shown(visit: Visit, errors: Mapping[str, list[str]] | None = None) -> Html:
    store, merchant = visit.services.store, visit.merchant
    by_actor, by_carrier = deeds.so_far(store, merchant)
    known = clients.listing(store, merchant)
    return Html(
        template="carriers.html",
        values={
            "now": store.clock(),
            "carriers": register.listing(store, merchant),
            "live": [one for one in known if one.is_live(store.clock())],
            "ended": [one for one in known if not one.is_live(store.clock())],
            "by_actor": by_actor,
            "by_carrier": by_carrier,
            "nothing": deeds.NOTHING,
            "say": Speech(visit.words),
            "errors": errors or {},
            "form": visit.form,
            "roles": [role for role in Role if role is not Role.CARRIER],
            "done": visit.query.get("done", ""),
            "fields": CONTACT_FIELDS,
        },
        status=422 if errors else 200,
    )
