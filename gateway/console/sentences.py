"""An entry of the log as one plain sentence, and its facts by the names that people use."""

from collections.abc import Sequence

from markupsafe import Markup

from gateway.audit.entry import Entry, Outcome
from gateway.console.words import Words
from gateway.usecases.reviewing.criteria import Facet
from gateway.usecases.reviewing.lines import Line, Names

_SHORT = 8


def sentence(t: Words, line: Line, names: Names) -> Markup:
    """What happened, as its reader would tell it."""
    entry = line.entry
    values: dict[str, Markup | str] = {
        "who": _strong(actor(t, entry.actor.id, names)),
        "carrier": _strong(names.carriers.get(entry.carrier or "", entry.carrier or "")),
        "order": order(t, line.order_number, entry.subject),
        "fields": fields(t, entry.fields),
        "for": t(f"for.{entry.purpose}") if entry.purpose else "",
        "reasons": t.listed(t(f"reason.{code}") for code in entry.reasons),
        "object": _strong(_object(t, entry, names)),
    }
    alone = "_alone" if "break_glass" in entry.detail else ""
    return t(f"sentence.{entry.action}{alone}", **values)


def value(t: Words, facet: Facet, text: str, names: Names) -> str:
    """A value of a facet by its name; one that nothing is known of, as it stands."""
    match facet:
        case Facet.CARRIER:
            return names.carriers.get(text, text)
        case Facet.ACTOR:
            return actor(t, text, names)
        case _:
            key = f"{facet}.{text}"
            return str(t(key)) if t.has(key) else text


def actor(t: Words, actor_id: str, names: Names) -> str:
    """Who acts."""
    key = f"actor.{actor_id}"
    return names.actors.get(actor_id) or (str(t(key)) if t.has(key) else actor_id)


def order(t: Words, number: str | None, subject: str | None) -> Markup:
    """An order by its number while that can be told, else by its name in the log."""
    if number:
        return t("order.known", number=_strong(number))
    if subject:
        return t("order.forgotten", subject=subject[:_SHORT])
    return t("order.none")


def fields(t: Words, names: Sequence[str]) -> Markup:
    """The fields of a contact."""
    return t.listed(t(f"field.{name}") for name in names) if names else t("sentence.nothing")


def mark(entry: Entry) -> str:
    """The knot that an entry ties."""
    match entry.outcome:
        case Outcome.PERMITTED:
            return "released"
        case Outcome.REFUSED:
            return "refused"
        case Outcome.FAILED:
            return "failed"
        case Outcome.DONE:
            return "done"


def _object(t: Words, entry: Entry, names: Names) -> str:
    made = entry.detail.get("client") or entry.detail.get("account") or ""
    return actor(t, str(made), names)


def _strong(text: str) -> Markup:
    return Markup("<b>{}</b>").format(text)
