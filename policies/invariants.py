"""What must hold of every answer, written down apart from the rules and without looking at them.

The rules are text that somebody may edit; these are the statements that no edit may break.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from policies.question import (
    DIRECT_CONTACT,
    MARKETING,
    OTTO_SIX,
    Channel,
    Mode,
    Purpose,
    Question,
    Registration,
    Role,
    Window,
)
from policies.verdict import Fault, Permit, ReasonCode, Refusal, Verdict

Answer = Verdict | Fault
Codes = tuple[ReasonCode, ...]
Ask = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One statement: what it says, and whether an answer with these reason codes keeps it.

    A permit has no codes. ``holds`` may ask further questions, to compare their answers.
    """

    name: str
    says: str
    holds: Callable[[Question, Codes, Ask], bool]


# ---- When each reason applies ---------------------------------------------------------------


def reasons_that_apply(question: Question) -> frozenset[ReasonCode]:
    """The codes of all reasons that speak against ``question``, found without asking the rules."""
    return frozenset(
        (*_against_purpose(question), *_against_recipient(question), *_against_state(question))
    )


def _against_purpose(q: Question) -> Iterator[ReasonCode]:
    if q.purpose in MARKETING:
        yield ReasonCode.PURPOSE_MARKETING
    elif q.purpose in DIRECT_CONTACT:
        yield ReasonCode.PURPOSE_DIRECT_CONTACT
    elif not _purpose_fits(q) or not q.purpose_registered:
        yield ReasonCode.PURPOSE_NOT_PERMITTED


def _against_recipient(q: Question) -> Iterator[ReasonCode]:
    if q.channel is not Channel.CARRIER:
        return
    if q.role is not Role.CARRIER:
        yield ReasonCode.RECIPIENT_NOT_CARRIER
        return
    if q.registration is not Registration.CURRENT:
        yield ReasonCode.RECIPIENT_NOT_REGISTERED
    if not q.responsible:
        yield ReasonCode.RECIPIENT_NOT_RESPONSIBLE
    if not q.fields_registered:
        yield ReasonCode.FIELD_NOT_REGISTERED


def _against_state(q: Question) -> Iterator[ReasonCode]:
    if q.channel is Channel.RELAY and q.erased:
        yield ReasonCode.ERASED
    if q.channel is not Channel.CARRIER or _asks_for_anothers_order(q):
        return
    if q.mode is Mode.PARCEL:
        yield ReasonCode.NOT_FREIGHT
    if q.mode is Mode.UNCLASSIFIED:
        yield ReasonCode.UNCLASSIFIED
    if q.window is Window.NOT_OPEN:
        yield ReasonCode.WINDOW_NOT_OPEN
    if q.window is Window.CLOSED:
        yield ReasonCode.WINDOW_CLOSED
    if q.erased:
        yield ReasonCode.ERASED


def _purpose_fits(q: Question) -> bool:
    if q.channel is Channel.CARRIER:
        return q.purpose is Purpose.DELIVERY_APPOINTMENT
    return q.purpose in OTTO_SIX and _acts_for_the_seller(q)


def _acts_for_the_seller(q: Question) -> bool:
    return q.role in {Role.MERCHANT, Role.SHOP, Role.MAILER}


def _asks_for_anothers_order(q: Question) -> bool:
    return q.channel is Channel.CARRIER and q.role is Role.CARRIER and not q.responsible


# ---- Comparing answers ----------------------------------------------------------------------

_BEST = Question.best()
_STATE_UNTOLD: Mapping[str, Any] = {
    "mode": _BEST.mode,
    "window": _BEST.window,
    "erased": _BEST.erased,
}
_CAN_SPEAK_AGAINST = (
    "purpose_registered",
    "fields_registered",
    "registration",
    "responsible",
    "mode",
    "window",
    "erased",
)
"""The facts with a best value, that of ``Question.best``; each other value speaks against."""


def facts_against(question: Question) -> tuple[str, ...]:
    """The facts of ``question`` that have not their best value."""
    return tuple(
        fact for fact in _CAN_SPEAK_AGAINST if getattr(question, fact) is not getattr(_BEST, fact)
    )


def _permitted_with_less_against(question: Question, _: Codes, ask: Ask) -> bool:
    return all(
        isinstance(ask(replace(question, **{fact: getattr(_BEST, fact)})), Permit)
        for fact in facts_against(question)
    )


def _says_nothing_of_anothers_order(question: Question, _: Codes, ask: Ask) -> bool:
    if not _asks_for_anothers_order(question):
        return True
    return ask(question) == ask(replace(question, **_STATE_UNTOLD))


def _names_what_applies(question: Question, codes: Codes, _: Ask) -> bool:
    applies, named = reasons_that_apply(question), frozenset(codes)
    return applies <= named and named - applies <= {ReasonCode.PURPOSE_NOT_PERMITTED}


# ---- The statements -------------------------------------------------------------------------


def _always(name: str, says: str, holds: Callable[[Question], bool]) -> Invariant:
    return Invariant(name, says, lambda question, *_: holds(question))


def _released(name: str, says: str, holds: Callable[[Question], bool]) -> Invariant:
    return _always(name, says, lambda q: q.channel is not Channel.CARRIER or holds(q))


def _by_otto(name: str, says: str, holds: Callable[[Question], bool]) -> Invariant:
    return _always(name, says, lambda q: q.channel is Channel.CARRIER or holds(q))


INVARIANTS: Mapping[type[Answer], tuple[Invariant, ...]] = MappingProxyType(
    {
        Permit: (
            _released(
                "freight-contact-to-carriers-only",
                "The freight contact is permitted to carriers only: never to the merchant, the shop, the mailer or a reviewer.",
                lambda q: q.role is Role.CARRIER,
            ),
            _released(
                "freight-contact-to-current-registrations-only",
                "The freight contact is permitted only while the carrier's registration is current.",
                lambda q: q.registration is Registration.CURRENT,
            ),
            _released(
                "freight-contact-to-the-responsible-only",
                "The freight contact is permitted only to the carrier that the order is assigned to.",
                lambda q: q.responsible,
            ),
            _released(
                "freight-contact-of-freight-only",
                "The freight contact is permitted only for items that are proven to travel as freight.",
                lambda q: q.mode is Mode.FREIGHT,
            ),
            _released(
                "freight-contact-in-the-window-only",
                "The freight contact is permitted only while the window is open.",
                lambda q: q.window is Window.OPEN,
            ),
            _released(
                "freight-contact-for-the-appointment-only",
                "The freight contact is permitted only for agreeing the delivery appointment.",
                lambda q: q.purpose is Purpose.DELIVERY_APPOINTMENT,
            ),
            _released(
                "freight-contact-in-registered-fields-only",
                "The freight contact is permitted only in the fields that the client is registered for.",
                lambda q: q.fields_registered,
            ),
            _always(
                "nothing-for-an-unregistered-purpose",
                "Nothing is permitted for a purpose that the client is not registered for.",
                lambda q: q.purpose_registered,
            ),
            _always(
                "nothing-for-marketing",
                "Marketing is permitted to nobody, by no way.",
                lambda q: q.purpose not in MARKETING,
            ),
            _always(
                "nothing-for-direct-contact",
                "Direct contact past OTTO is permitted to nobody, by no way.",
                lambda q: q.purpose not in DIRECT_CONTACT,
            ),
            _always(
                "nothing-for-other-purposes",
                "Only the delivery appointment and OTTO's six cases can be permitted; an unknown purpose and the driver's call ahead never.",
                lambda q: q.purpose is Purpose.DELIVERY_APPOINTMENT or q.purpose in OTTO_SIX,
            ),
            _by_otto(
                "otto-channels-for-the-six-only",
                "The relay address and OTTO Partner Connect are permitted only in OTTO's six cases.",
                lambda q: q.purpose in OTTO_SIX,
            ),
            _by_otto(
                "otto-channels-for-the-seller-only",
                "The relay address and OTTO Partner Connect are permitted only to the merchant, the shop and the mailer.",
                _acts_for_the_seller,
            ),
            _always(
                "nothing-erased",
                "A contact that was erased here is permitted to nobody; OTTO Partner Connect needs none.",
                lambda q: not q.erased or q.channel is Channel.PARTNER_CONNECT,
            ),
            Invariant(
                "more-against-never-helps",
                "One more fact against never turns a refusal into a permit.",
                _permitted_with_less_against,
            ),
        ),
        Fault: (
            _always(
                "every-answer-is-clean",
                "Every question gets a permit or a refusal; no rule fails to evaluate.",
                lambda _: False,
            ),
        ),
        Refusal: (
            Invariant(
                "reasons-are-complete-and-true",
                "A refusal names every reason that applies and none that does not; only purpose_not_permitted is open to further rules.",
                _names_what_applies,
            ),
            Invariant(
                "anothers-order-stays-untold",
                "A carrier gets the same answer about another carrier's order whatever state that order is in.",
                _says_nothing_of_anothers_order,
            ),
        ),
    }
)
"""What must hold, by the kind of answer that it speaks of; the gravest kind to get wrong first."""
