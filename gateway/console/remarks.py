"""Hints in words: one sentence each, why it is one, and the search that shows the entries behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from gateway.console import sentences
from gateway.console.page import Visit
from gateway.storage.hints import Hint, HintKind
from gateway.usecases.reviewing import noticing
from gateway.usecases.reviewing.criteria import Facet
from gateway.usecases.reviewing.lines import Names, names, order_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A hint as it is told; `search` is the query of the log's page, None where no entry is behind it."""

    hint: Hint
    sentence: Markup
    because: Markup
    search: dict[str, Any] | None
    reviewer: str


def remarks(visit: Visit, hints: Sequence[Hint]) -> list[Remark]:
    """The hints in the reader's language."""
    with visit.services.store.read() as connection:
        known = names(connection, visit.merchant)
        numbers = {
            hint.about: order_number(connection, visit.merchant, hint.about)
            for hint in hints
            if hint.kind is HintKind.REPEATED
        }
    return [_remark(visit, hint, known, numbers.get(hint.about)) for hint in hints]


def _remark(visit: Visit, hint: Hint, known: Names, number: str | None) -> Remark:
    t = visit.words
    day = date.fromordinal(hint.day)
    if hint.kind is HintKind.REPEATED:
        about = sentences.order(t, number, hint.about)
    elif hint.kind is HintKind.REFUSALS:
        about = Markup("<b>{}</b>").format(sentences.actor(t, hint.about, known))
    else:
        about = Markup("<b>{}</b>").format(known.carriers.get(hint.about, hint.about))
    values = {"about": about, "day": t.short_day(day), "hour": hint.usual, "n": hint.number}
    by = hint.review.account_id if hint.review else ""
    today = visit.services.store.clock().astimezone(t.zone).date()
    rule = "lapsed" if hint.kind is HintKind.LAPSING and day < today else hint.kind.value
    told = "refusals_new" if hint.kind is HintKind.REFUSALS and not hint.usual else rule
    return Remark(
        hint=hint,
        sentence=t(f"hint.{told}", usual=t.number(hint.usual), **values),
        because=t(
            f"because.{rule}",
            few=noticing.FEW,
            times=noticing.FAR_ABOVE,
            often=noticing.OFTEN,
            days=noticing.WITHIN.days,
            known=noticing.KNOWN,
        ),
        search=_search(hint, number, day.isoformat()),
        reviewer=known.actors.get(by, by),
    )


def _search(hint: Hint, number: str | None, day: str) -> dict[str, Any] | None:
    released = {str(Facet.ACTION): "contact.released", str(Facet.CARRIER): hint.about}
    match hint.kind:
        case HintKind.FIRST_RELEASE | HintKind.VOLUME | HintKind.HOURS:
            return {**released, "from": day, "to": day}
        case HintKind.REFUSALS:
            return {
                str(Facet.OUTCOME): "refused",
                str(Facet.ACTOR): hint.about,
                "from": day,
                "to": day,
            }
        case HintKind.REPEATED:
            return None if number is None else {"order": number, str(Facet.OUTCOME): "permitted"}
        case HintKind.LAPSING:
            return {str(Facet.CARRIER): hint.about, str(Facet.ACTION): "carrier.changed"}
