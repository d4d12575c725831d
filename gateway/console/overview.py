"""The first page: what happened lately, and what wants attention; it shows numbers, no records."""

from gateway.console.page import EVERY_OFFICE, Html, Reply, Visit, page


@page("GET", "/", access=EVERY_OFFICE, name="overview", place="overview")
def overview(_visit: Visit) -> Reply:
    """The overview."""
    return Html(template="overview.html")
