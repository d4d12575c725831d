"""A carrier's own deliveries, for one without an integration: the list, the contact, the appointment.

A contact is shown one at a time, in the answer to a release that is on record, and nowhere else.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from gateway.console.page import CARRIER, Go, Html, Reply, Visit, page
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model.account import Way
from gateway.model.kept import Appointment, Stage
from gateway.storage import carriers
from gateway.usecases.appoint import Delivery, Page, appoint, listing, one
from gateway.usecases.deliver import deliver
from gateway.usecases.desk import Asked, Wanted
from gateway.usecases.people.accounts import actor
from gateway.usecases.release import Refused, Released
from policies.question import Purpose

_ON_A_PAGE = 20
_LINES = 100
"""Of the agreed ones, so many are looked through for those of today."""

_PLACE = "deliveries"


@page("GET", "/deliveries", access=CARRIER, name="deliveries", place=_PLACE)
def deliveries(visit: Visit) -> Reply:
    """What is due today and what still needs an appointment; or one worklist, a page at a time."""
    told = visit.query.get("status", "")
    if told in set(Stage):
        stage = Stage(told)
        found = _page(visit, stage, visit.query.get("cursor"), _ON_A_PAGE)
        return _list(visit, stage.value, {stage: found.deliveries}, {stage: found.next_cursor})
    still_open = _page(visit, Stage.OPEN, None, _ON_A_PAGE)
    agreed = _page(visit, Stage.AGREED, None, _LINES)
    tomorrow = _midnight_after(visit)
    due = [it for it in agreed.deliveries if it.appointment and it.appointment.starts_at < tomorrow]
    lists = {Stage.AGREED: due, Stage.OPEN: still_open.deliveries}
    return _list(visit, "today", lists, {Stage.OPEN: still_open.next_cursor})


@page("GET", "/deliveries/<order>", access=CARRIER, name="delivery", place=_PLACE)
def delivery(visit: Visit) -> Reply:
    """One delivery, without its contact."""
    return _shown(visit)


@page("POST", "/deliveries/<order>/contact", access=CARRIER, name="delivery_contact", place=_PLACE)
def delivery_contact(visit: Visit) -> Reply:
    """Asks for the contact as a carrier's client would, and shows what was released or why not."""
    if not _is_proven(visit):
        return _shown(visit, status=403)
    with visit.services.store.read() as connection:
        carrier = carriers.one(connection, visit.merchant, _carrier_id(visit))
    if carrier is None:
        raise NotFound("carrier")
    [outcome] = visit.services.release(
        Asked(
            recipient=carrier.recipient(visit.merchant),
            actor=actor(visit.account),
            items=[Wanted(order_number=visit.path["order"])],
            purpose=Purpose.DELIVERY_APPOINTMENT.value,
            fields=None,
            request_id=visit.request_id,
        )
    )
    if isinstance(outcome, Refused):
        return _shown(visit, refused=[reason.code.value for reason in outcome.refusal.reasons])
    return _shown(visit, released=outcome)


@page(
    "POST",
    "/deliveries/<order>/appointment",
    access=CARRIER,
    name="delivery_appointment",
    place=_PLACE,
)
def delivery_appointment(visit: Visit) -> Reply:
    """Keeps the appointment that was agreed with the buyer."""
    store, deadlines = visit.services.store, visit.services.settings.deadlines
    try:
        found = appoint(
            store,
            deadlines,
            visit.merchant,
            actor(visit.account),
            visit.path["order"],
            _carrier_id(visit),
            Appointment(_moment(visit, "from"), _moment(visit, "until")),
            visit.request_id,
        )
    except InvalidInput as fault:
        return _shown(visit, wrong=next(iter(fault.errors)))
    if found is None:
        raise NotFound("delivery")
    values = {"order": visit.path["order"], "done": "appointment"}
    return Go(page="delivery", values=values)


@page("POST", "/deliveries/<order>/done", access=CARRIER, name="delivery_done", place=_PLACE)
def delivery_done(visit: Visit) -> Reply:
    """Takes note that everything of the order is delivered."""
    if visit.form.get("sure") != "yes":
        return _shown(visit, wrong="sure")
    found = deliver(
        visit.services.store,
        visit.services.settings.deadlines,
        visit.merchant,
        actor(visit.account),
        visit.path["order"],
        _carrier_id(visit),
        visit.request_id,
    )
    if found is None:
        raise NotFound("delivery")
    return Go(page="deliveries", values={"done": "delivered"})


def _list(
    visit: Visit,
    shown: str,
    lists: Mapping[Stage, Sequence[Delivery]],
    further: Mapping[Stage, str | None],
) -> Html:
    return Html(
        template="deliveries.html",
        values={
            "shown": shown,
            "tabs": ["today", *Stage],
            "lists": lists,
            "further": further,
            "today": visit.services.store.clock(),
            "done": visit.query.get("done", ""),
        },
    )


def _shown(
    visit: Visit,
    *,
    released: Released | None = None,
    refused: Sequence[str] = (),
    wrong: str = "",
    status: int = 200,
) -> Html:
    found = one(
        visit.services.store,
        visit.services.settings.deadlines,
        visit.merchant,
        _carrier_id(visit),
        visit.path["order"],
    )
    if found is None:
        raise NotFound("delivery")
    agreed = found.appointment
    zone = visit.words.zone
    begins = agreed.starts_at.astimezone(zone) if agreed else None
    ends = agreed.ends_at.astimezone(zone) if agreed else None
    return Html(
        template="delivery.html",
        values={
            "delivery": found,
            "proven": _is_proven(visit),
            "released": released,
            "refused": bool(refused),
            "reasons": visit.words.listed(visit.words(f"reason.{code}") for code in refused),
            "wrong": wrong,
            "day": visit.form.get("day") or (begins.date().isoformat() if begins else ""),
            "begins": visit.form.get("from") or (f"{begins:%H:%M}" if begins else ""),
            "ends": visit.form.get("until") or (f"{ends:%H:%M}" if ends else ""),
            "done": visit.query.get("done", ""),
        },
        status=403 if refused else 422 if wrong else status,
    )


def _page(visit: Visit, stage: Stage, cursor: str | None, limit: int) -> Page:
    return listing(
        visit.services.store,
        visit.services.settings.deadlines,
        visit.merchant,
        _carrier_id(visit),
        stage,
        cursor,
        limit,
    )


def _is_proven(visit: Visit) -> bool:
    """Whether its person came with something of their own: a link is in a mailbox, and opens no contact."""
    return visit.session.way is not Way.LINK


def _carrier_id(visit: Visit) -> str:
    """Whose deliveries; without one, nobody's are."""
    if visit.account.carrier_id is None:
        raise Conflict("the account belongs to no carrier")
    return visit.account.carrier_id


def _moment(visit: Visit, name: str) -> datetime:
    """A time of the form's day, as the clock on the wall has it there."""
    try:
        day = datetime.strptime(visit.form.get("day", ""), "%Y-%m-%d")  # noqa: DTZ007  the zone follows
        at = time.fromisoformat(visit.form.get(name, ""))
    except ValueError:
        raise InvalidInput({"form": ["is no day and time"]}) from None
    return datetime.combine(day.date(), at, visit.words.zone).astimezone(UTC)


def _midnight_after(visit: Visit) -> datetime:
    """When today ends where the reader is."""
    zone = visit.words.zone
    today = visit.services.store.clock().astimezone(zone).date()
    return datetime.combine(today + timedelta(days=1), time(), zone)
