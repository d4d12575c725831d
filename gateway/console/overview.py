"""The first page: what happened lately, and what wants attention; it shows numbers, no records."""

from collections import Counter
from datetime import date

from gateway.console import chart
from gateway.console.chart import Family
from gateway.console.page import EVERY_OFFICE, Html, Reply, Visit, page
from gateway.console.remarks import remarks
from gateway.model.message import Fate
from gateway.usecases import outbox, publishing
from gateway.usecases.reviewing import overview as seen

_TOLD = 3
"""Hints that the overview tells itself; the others are a link away."""


@page("GET", "/", access=EVERY_OFFICE, name="overview", place="overview")
def overview(visit: Visit) -> Reply:
    """The overview."""
    found = seen.overview(visit.services, visit.merchant, visit.words.zone)
    reasons: Counter[str] = Counter()
    for day in found.days:
        reasons.update(day.refused)
    waiting = [hint for hint in found.hints if hint.review is None]
    return Html(
        template="overview.html",
        values={
            "found": found,
            "chart": chart.chart(found.days),
            "size": (chart.WIDTH, chart.HEIGHT, chart.LEFT),
            "rows": [
                (date.fromordinal(day.day), day, chart.by_family(day))
                for day in reversed(found.days)
            ],
            "families": list(Family),
            "released": sum(day.released for day in found.days),
            "reasons": reasons.most_common(),
            "since": date.fromordinal(found.days[0].day).isoformat(),
            "day_of": date.fromordinal,
            "rules_wait": publishing.anything_waits(visit.services.rulebook),
            "waiting": len(waiting),
            "hints": remarks(visit, waiting[:_TOLD]),
            "due": sum(number for _, number in found.deletions),
            "undelivered": outbox.counts(visit.services.store, visit.merchant).get(Fate.DEAD, 0),
            "late": found.log is not None and found.log.entries > found.log.signed,
        },
    )
