"""Buyers: what they may ask for. A report, and their erasure, which takes two people."""

from collections.abc import Mapping

from gateway.console.page import EVERY_OFFICE, OPERATOR, Go, Html, Reply, Visit, page
from gateway.errors import Conflict, Gone, InvalidInput, NotFound
from gateway.usecases import erasures


@page("GET", "/subjects", access=EVERY_OFFICE, name="subjects", place="subjects")
def subjects(visit: Visit) -> Reply:
    """What waits for a second person, and what was done."""
    return _shown(visit)


@page("POST", "/subjects/erasures", access=OPERATOR, name="erasure_ask", place="subjects")
def erasure_ask(visit: Visit) -> Reply:
    """Asks for an erasure."""
    order_number = visit.form.get("order", "").strip()
    reason = visit.form.get("reason", "").strip()
    try:
        erasures.ask(visit.services.store, visit.account, order_number, reason, visit.request_id)
    except InvalidInput:
        return _shown(visit, {"reason": "reason"})
    except NotFound:
        return _shown(visit, {"order": "not_found"})
    except Gone:
        return _shown(visit, {"order": "gone"})
    except Conflict:
        return _shown(visit, {"order": "asked"})
    return Go(page="subjects", values={"done": "erasure_asked"})


@page(
    "POST",
    "/subjects/erasures/<request>/confirm",
    access=EVERY_OFFICE,
    name="erasure_confirm",
    place="subjects",
)
def erasure_confirm(visit: Visit) -> Reply:
    """Erases what somebody else asked for."""
    erased = erasures.confirm(
        visit.services.store, visit.account, visit.path["request"], visit.request_id
    )
    return Go(page="report_erasure", values={"entry": erased.entry_id, "done": "erased"})


@page(
    "POST",
    "/subjects/erasures/<request>/withdraw",
    access=EVERY_OFFICE,
    name="erasure_withdraw",
    place="subjects",
)
def erasure_withdraw(visit: Visit) -> Reply:
    """Takes a request back."""
    erasures.withdraw(visit.services.store, visit.account, visit.path["request"], visit.request_id)
    return Go(page="subjects", values={"done": "erasure_withdrawn"})


def _shown(visit: Visit, errors: Mapping[str, str] | None = None) -> Html:
    store = visit.services.store
    return Html(
        template="subjects.html",
        values={
            "done": visit.query.get("done", ""),
            "errors": errors or {},
            "order": visit.form.get("order", ""),
            "reason": visit.form.get("reason", ""),
            "waiting": erasures.waiting(store, visit.merchant),
            "erased": erasures.done(store, visit.merchant),
        },
        status=422 if errors else 200,
    )
