"""What is worth a look: each hint with its reason, and room for what the reviewer found."""

from gateway.console.page import REVIEWER, Go, Html, Reply, Visit, page
from gateway.console.remarks import remarks
from gateway.errors import InvalidInput
from gateway.storage.hints import Conclusion
from gateway.usecases.reviewing import hints as noticed


@page("GET", "/hints", access=REVIEWER, name="hints", place="hints")
def hints(visit: Visit) -> Reply:
    """All of the last 30 days, those first that nobody reviewed."""
    store = visit.services.store
    with store.read() as connection:
        found = noticed.current(connection, visit.merchant, store.clock(), visit.words.zone)
    return Html(
        template="hints.html",
        values={
            "remarks": remarks(visit, found),
            "conclusions": list(Conclusion),
            "done": visit.query.get("done", ""),
        },
    )


@page("POST", "/hints/review", access=REVIEWER, name="hint_review", place="hints")
def hint_review(visit: Visit) -> Reply:
    """Takes down what the reviewer found."""
    try:
        conclusion = Conclusion(visit.form.get("conclusion", ""))
    except ValueError:
        raise InvalidInput({"conclusion": [f"one of {', '.join(Conclusion)}"]}) from None
    noticed.review(
        visit.services.store,
        visit.account,
        visit.words.zone,
        visit.form.get("hint", ""),
        conclusion,
        visit.request_id,
    )
    return Go(page="hints", values={"done": "reviewed"})
