"""The reports: asked for here, shown, and given as PDF and as data; each one made is an entry."""

import json
from collections.abc import Mapping, Sequence

from gateway.console.page import EVERY_OFFICE, REVIEWER, File, Go, Html, Reply, Visit, page
from gateway.console.printing import pdf
from gateway.console.telling import Content, told
from gateway.errors import Gone, InvalidInput, NotFound
from gateway.model.times import rfc3339
from gateway.usecases import clients, register, seeking
from gateway.usecases.forget import Find
from gateway.usecases.people.accounts import actor
from gateway.usecases.reports import access, breach, buyer, erasure, processing
from gateway.usecases.reports.buyer import Notification, Recipients
from gateway.usecases.reports.made import Made, ReportKind, as_json
from gateway.usecases.reports.period import Period, quarter_before, quarter_of

_QUARTERS = 8
"""How many quarters are offered, the current one and those before it."""


@page("GET", "/reports", access=REVIEWER, name="reports", place="reports")
def reports(visit: Visit) -> Reply:
    """What there is to report."""
    return _asked(visit)


@page("POST", "/reports/recipients", access=REVIEWER, name="report_recipients", place="reports")
def report_recipients(visit: Visit) -> Reply:
    """Who received the contact of one buyer."""
    return _of_buyer(visit, ReportKind.RECIPIENTS)


@page("POST", "/reports/notification", access=REVIEWER, name="report_notification", place="reports")
def report_notification(visit: Visit) -> Reply:
    """Whom to tell of an erasure."""
    return _of_buyer(visit, ReportKind.NOTIFICATION)


@page("GET", "/reports/processing", access=REVIEWER, name="report_processing", place="reports")
def report_processing(visit: Visit) -> Reply:
    """The record of processing."""
    made = processing.processing(
        visit.services, visit.merchant, actor(visit.account), visit.request_id
    )
    return _given(visit, made, {})


@page("GET", "/reports/breach", access=REVIEWER, name="report_breach", place="reports")
def report_breach(visit: Visit) -> Reply:
    """The scope of a breach; whoever comes without a question is led to where it is asked."""
    query = visit.query
    if not query:
        return Go(page="reports")
    asked = {name: query.get(name, "") for name in ("from", "to", "carrier", "client")}
    zone = visit.services.settings.console.time_zone
    try:
        period = Period.of_days(asked["from"], asked["to"], zone)
    except InvalidInput as fault:
        return _asked(visit, ReportKind.BREACH, fault.errors, asked)
    made = breach.breach(
        visit.services,
        visit.merchant,
        actor(visit.account),
        period,
        asked["carrier"] or None,
        asked["client"] or None,
        visit.request_id,
    )
    return _given(visit, made, asked)


@page("GET", "/reports/access", access=REVIEWER, name="report_access", place="reports")
def report_access(visit: Visit) -> Reply:
    """The access review of a quarter; as above."""
    if not visit.query:
        return Go(page="reports")
    asked = {"quarter": visit.query.get("quarter", "")}
    try:
        made = access.access(
            visit.services,
            visit.merchant,
            actor(visit.account),
            asked["quarter"],
            visit.request_id,
        )
    except InvalidInput as fault:
        return _asked(visit, ReportKind.ACCESS, fault.errors, asked)
    return _given(visit, made, asked)


@page("GET", "/erasures/<entry>", access=EVERY_OFFICE, name="report_erasure", place="subjects")
def report_erasure(visit: Visit) -> Reply:
    """The proof of an erasure."""
    entry_id = visit.path["entry"]
    made = erasure.erasure(
        visit.services.store, visit.merchant, actor(visit.account), entry_id, visit.request_id
    )
    return _given(visit, made, {})


def _of_buyer(visit: Visit, kind: ReportKind) -> Reply:
    """By order numbers, or by what the buyer gives as address or number; that is never shown again."""
    asked = {"order": visit.form.get("order", "").strip()}
    contact = visit.form.get("contact", "").strip()
    field = "contact" if contact and not asked["order"] else "order"
    make = buyer.recipients if kind is ReportKind.RECIPIENTS else buyer.notification
    services = visit.services
    try:
        made = make(
            services.store,
            services.settings.deadlines,
            visit.merchant,
            actor(visit.account),
            asked["order"].split() if field == "order" else _found(visit, contact),
            visit.request_id,
        )
    except InvalidInput:
        return _asked(visit, kind, {field: ["missing"]}, asked)
    except NotFound:
        return _asked(visit, kind, {field: ["not_found"]}, asked)
    except Gone:
        return _asked(visit, kind, {field: ["gone"]}, asked)
    return _given(visit, made, {"order": " ".join(_numbers(made.content))})


def _found(visit: Visit, contact: str) -> Find:
    sealer, now = visit.services.sealer, visit.services.store.clock()
    if "@" in contact:
        return seeking.by_email(sealer, contact, now)
    return seeking.by_phone(sealer, contact, now)


def _numbers(content: Recipients | Notification) -> Sequence[str]:
    if isinstance(content, Notification):
        return content.order_numbers
    return [one.order_number for one in content.orders]


def _given(visit: Visit, made: Made[Content], asked: Mapping[str, str]) -> Reply:
    """A report in the form that was asked for; on screen unless told."""
    given = visit.query if visit.form.get("format") is None else visit.form
    form = given.get("format", "")
    name = f"{made.report}-{made.merchant}-{rfc3339(made.made_at.replace(microsecond=0))}"
    name = name.replace(":", "")
    document = told(visit.words, made)
    match form:
        case "pdf":
            content = pdf(document, made.made_at, str(visit.words("site.name")))
            return File(name=f"{name}.pdf", media_type="application/pdf", content=content)
        case "json":
            text = json.dumps(as_json(made), ensure_ascii=False, indent=1) + "\n"
            return File(name=f"{name}.json", media_type="application/json", content=text.encode())
        case _:
            values = {
                "document": document,
                "asked": asked,
                "kind": made.report,
                "done": visit.query.get("done", ""),
            }
            return Html(template="report.html", values=values)


def _asked(
    visit: Visit,
    kind: ReportKind | None = None,
    errors: Mapping[str, list[str]] | None = None,
    asked: Mapping[str, str] | None = None,
) -> Html:
    """The page to ask on; what was entered stays, and what is wrong stands beside it."""
    services, merchant = visit.services, visit.merchant
    zone = services.settings.console.time_zone
    now = services.store.clock()
    quarters = [quarter_of(now, zone)]
    while len(quarters) < _QUARTERS:
        quarters.append(quarter_before(quarters[-1]))
    return Html(
        template="reports.html",
        values={
            "wrong": kind,
            "errors": {name: texts[0] for name, texts in (errors or {}).items()},
            "asked": asked or {},
            "carriers": register.listing(services.store, merchant),
            "clients": clients.listing(services.store, merchant),
            "quarters": quarters,
            "today": now.astimezone(zone).date(),
        },
        status=422 if errors else 200,
    )
