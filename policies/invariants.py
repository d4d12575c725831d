"""What must hold of every answer, written down apart from the rules and without looking at them.

The rules are text that somebody may edit; these are the statements that no edit may break.
"""

from collections.abc import Callable, Mapping
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


# ---- What any single fact against rules out -------------------------------------------------


def _discloses(question: Question) -> bool:
    return question.channel is Channel.CARRIER


def _is_carrier(question: Question) -> bool:
    return question.role is Role.CARRIER


def _acts_for_the_seller(question: Question) -> bool:
    return question.role in {Role.MERCHANT, Role.SHOP, Role.MAILER}


def _purpose_fits(question: Question) -> bool:
    if _discloses(question):
        return question.purpose is Purpose.DELIVERY_APPOINTMENT
    return question.purpose in OTTO_SIX and _acts_for_the_seller(question)


def _may_know_the_state(question: Question) -> bool:
    return _discloses(question) and (question.responsible or not _is_carrier(question))


_AGAINST: Mapping[ReasonCode, Callable[[Question], bool]] = {
    ReasonCode.PURPOSE_MARKETING: lambda q: q.purpose in MARKETING,
    ReasonCode.PURPOSE_DIRECT_CONTACT: lambda q: q.purpose in DIRECT_CONTACT,
    ReasonCode.PURPOSE_NOT_PERMITTED: lambda q: (
        q.purpose not in MARKETING
        and q.purpose not in DIRECT_CONTACT
        and not (_purpose_fits(q) and q.purpose_registered)
    ),
    ReasonCode.RECIPIENT_NOT_CARRIER: lambda q: _discloses(q) and not _is_carrier(q),
    ReasonCode.RECIPIENT_NOT_REGISTERED: lambda q: (
        _discloses(q) and _is_carrier(q) and q.registration is not Registration.CURRENT
    ),
    ReasonCode.RECIPIENT_NOT_RESPONSIBLE: lambda q: (
        _discloses(q) and _is_carrier(q) and not q.responsible
    ),
    ReasonCode.NOT_FREIGHT: lambda q: _may_know_the_state(q) and q.mode is Mode.PARCEL,
    ReasonCode.UNCLASSIFIED: lambda q: _may_know_the_state(q) and q.mode is Mode.UNCLASSIFIED,
    ReasonCode.WINDOW_NOT_OPEN: lambda q: _may_know_the_state(q) and q.window is Window.NOT_OPEN,
    ReasonCode.WINDOW_CLOSED: lambda q: _may_know_the_state(q) and q.window is Window.CLOSED,
    ReasonCode.FIELD_NOT_REGISTERED: lambda q: (
        _discloses(q) and _is_carrier(q) and not q.fields_registered
    ),
    ReasonCode.ERASED: lambda q: (
        q.erased and (_may_know_the_state(q) or q.channel is Channel.RELAY)
    ),
}
"""When each reason applies."""


def reasons_that_apply(question: Question) -> frozenset[ReasonCode]:
    """The codes of all reasons that speak against ``question``, found without asking the rules."""
    return frozenset(code for code, applies in _AGAINST.items() if applies(question))


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
    if not _discloses(question) or _may_know_the_state(question):
        return True
    return ask(question) == ask(replace(question, **_STATE_UNTOLD))


def _names_what_applies(question: Question, codes: Codes, _: Ask) -> bool:
    applies, named = reasons_that_apply(question), frozenset(codes)
    return applies <= named and named - applies <= {ReasonCode.PURPOSE_NOT_PERMITTED}


# ---- The statements -------------------------------------------------------------------------


def _always(name: str, says: str, holds: Callable[[Question], bool]) -> Invariant:
    return Invariant(name, says, lambda question, *_: holds(question))


INVARIANTS: Mapping[type[Answer], tuple[Invariant, ...]] = MappingProxyType(
    {
        Permit: (
            _always(
                "freight-contact-to-carriers-only",
                "The freight contact is permitted to carriers only: never to the merchant, the shop, the mailer or a reviewer.",
                lambda q: not _discloses(q) or _is_carrier(q),
            ),
            _always(
                "freight-contact-to-current-registrations-only",
                "The freight contact is permitted only while the carrier's registration is current.",
                lambda q: not _discloses(q) or q.registration is Registration.CURRENT,
            ),
            _always(
                "freight-contact-to-the-responsible-only",
                "The freight contact is permitted only to the carrier that the order is assigned to.",
                lambda q: not _discloses(q) or q.responsible,
            ),
            _always(
                "freight-contact-of-freight-only",
                "The freight contact is permitted only for items that are proven to travel as freight.",
                lambda q: not _discloses(q) or q.mode is Mode.FREIGHT,
            ),
            _always(
                "freight-contact-in-the-window-only",
                "The freight contact is permitted only while the window is open.",
                lambda q: not _discloses(q) or q.window is Window.OPEN,
            ),
            _always(
                "freight-contact-for-the-appointment-only",
                "The freight contact is permitted only for agreeing the delivery appointment.",
                lambda q: not _discloses(q) or q.purpose is Purpose.DELIVERY_APPOINTMENT,
            ),
            _always(
                "freight-contact-in-registered-fields-only",
                "The freight contact is permitted only in the fields that the client is registered for.",
                lambda q: not _discloses(q) or q.fields_registered,
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
            _always(
                "otto-channels-for-the-six-only",
                "The relay address and OTTO Partner Connect are permitted only in OTTO's six cases.",
                lambda q: _discloses(q) or q.purpose in OTTO_SIX,
            ),
            _always(
                "otto-channels-for-the-seller-only",
                "The relay address and OTTO Partner Connect are permitted only to the merchant, the shop and the mailer.",
                lambda q: _discloses(q) or _acts_for_the_seller(q),
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
        Fault: (
            _always(
                "every-answer-is-clean",
                "Every question gets a permit or a refusal; no rule fails to evaluate.",
                lambda _: False,
            ),
        ),
    }
)
"""What must hold, by the kind of answer that it speaks of."""
