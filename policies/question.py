"""What the policy is asked: a finite set of facts; never a name, an id or a number of a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Any


class Role(StrEnum):
    """Who asks: the role that the client was registered with."""

    MERCHANT = "merchant"
    SHOP = "shop"
    CARRIER = "carrier"
    REVIEWER = "reviewer"
    MAILER = "mailer"


class Channel(StrEnum):
    """The way a contact would take.

    ``CARRIER`` discloses the freight contact: the buyer's real phone number and e-mail address.
    ``RELAY`` is OTTO's pseudonymous address; ``PARTNER_CONNECT`` is OTTO's own message system.
    """

    CARRIER = "carrier"
    RELAY = "relay"
    PARTNER_CONNECT = "otto-partner-connect"


class Registration(StrEnum):
    """The state of the asking carrier's registration; ``MISSING`` for everybody who is none."""

    CURRENT = "current"
    MISSING = "missing"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Mode(StrEnum):
    """How the position item travels, by evidence; ``UNCLASSIFIED`` where there is none."""

    PARCEL = "parcel"
    FREIGHT = "freight"
    UNCLASSIFIED = "unclassified"


class Window(StrEnum):
    """Whether the contact may be used yet, or still: from assignment until delivery and grace."""

    NOT_OPEN = "not_open"
    OPEN = "open"
    CLOSED = "closed"


class Purpose(StrEnum):
    """What the contact is wanted for. Everything that is not listed here is ``UNKNOWN``."""

    DELIVERY_APPOINTMENT = "delivery-appointment"
    ORDER_QUERY = "order-query"
    DELIVERY_NOTICE = "delivery-notice"
    SHIPMENT_CHANGE = "shipment-change"
    RECALL = "recall"
    RETURN_CLARIFICATION = "return-clarification"
    STATUTORY_TAKE_BACK = "statutory-take-back"
    MARKETING = "marketing"
    NEWSLETTER = "newsletter"
    REVIEW_REQUEST = "review-request"
    SURVEY = "survey"
    VOUCHER = "voucher"
    REMARKETING = "remarketing"
    PROFILING = "profiling"
    DIRECT_CONTACT = "direct-contact"
    ORDER_CONFIRMATION = "order-confirmation"
    DISPATCH_NOTICE = "dispatch-notice"
    DELIVERY_CONFIRMATION = "delivery-confirmation"
    DRIVER_CALL_AHEAD = "driver-call-ahead"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, text: str) -> "Purpose":
        """The purpose that ``text`` names exactly; a variant in case or spacing is ``UNKNOWN``."""
        try:
            return cls(text)
        except ValueError:
            return cls.UNKNOWN


OTTO_SIX = frozenset(
    {
        Purpose.ORDER_QUERY,
        Purpose.DELIVERY_NOTICE,
        Purpose.SHIPMENT_CHANGE,
        Purpose.RECALL,
        Purpose.RETURN_CLARIFICATION,
        Purpose.STATUTORY_TAKE_BACK,
    }
)
"""The six cases in which a merchant may write to a buyer (OTTO, Anlage 9 Abschnitt 10)."""

MARKETING = frozenset(
    {
        Purpose.MARKETING,
        Purpose.NEWSLETTER,
        Purpose.REVIEW_REQUEST,
        Purpose.SURVEY,
        Purpose.VOUCHER,
        Purpose.REMARKETING,
        Purpose.PROFILING,
    }
)
"""Known, and forbidden to everybody (UWG §7(2); OTTO, Anlage 9 Abschnitt 10)."""

DIRECT_CONTACT = frozenset(
    {
        Purpose.DIRECT_CONTACT,
        Purpose.ORDER_CONFIRMATION,
        Purpose.DISPATCH_NOTICE,
        Purpose.DELIVERY_CONFIRMATION,
    }
)
"""Known, and forbidden to everybody: OTTO itself tells the buyer these things."""


class FactError(ValueError):
    """A described case names no possible question; ``errors`` says by fact what is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{fact}: {message}" for fact, message in self.errors.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May ``role`` use the buyer's contact by ``channel`` for ``purpose``, these being the facts?

    ``purpose_registered`` and ``fields_registered``: the asking client's own registration lists the
    purpose, and every field asked for. ``registration``, ``responsible``, ``mode`` and ``window``
    speak of the carrier and of the position item; ``erased``: the contact was deleted here.
    A value of another type is a ``TypeError``, so that no question stands outside the finite set.
    """

    role: Role
    channel: Channel
    purpose: Purpose
    purpose_registered: bool
    fields_registered: bool
    registration: Registration
    responsible: bool
    mode: Mode
    window: Window
    erased: bool

    def __post_init__(self) -> None:
        kinds = (
            type(self.role),
            type(self.channel),
            type(self.purpose),
            type(self.purpose_registered),
            type(self.fields_registered),
            type(self.registration),
            type(self.responsible),
            type(self.mode),
            type(self.window),
            type(self.erased),
        )
        if kinds != _KINDS:
            facts = zip(FACTS, kinds, _KINDS, strict=True)
            wrong = [name for name, given, kind in facts if given is not kind]
            raise TypeError(f"not of the type that the fact has: {', '.join(wrong)}")

    @classmethod
    def best(
        cls,
        role: Role = Role.CARRIER,
        channel: Channel | None = None,
        purpose: Purpose = Purpose.DELIVERY_APPOINTMENT,
    ) -> "Question":
        """The question with no further fact against it.

        Without ``channel`` it is the way meant for the role: the freight contact for a carrier, the
        relay address for everybody else.
        """
        meant = Channel.CARRIER if role is Role.CARRIER else Channel.RELAY
        return cls(
            role=role,
            channel=meant if channel is None else channel,
            purpose=purpose,
            purpose_registered=True,
            fields_registered=True,
            registration=Registration.CURRENT,
            responsible=True,
            mode=Mode.FREIGHT,
            window=Window.OPEN,
            erased=False,
        )

    @classmethod
    def parse(cls, case: Mapping[str, object]) -> "Question":
        """The question that a written case describes; a fact left out takes its best case.

        Enums are given by their text, booleans as such or as ``true``/``false``. An unlisted
        purpose is the unknown purpose, just as when a client asks. Raises ``FactError`` with every
        fact that is wrong.
        """
        errors = {
            name: f"there is no such fact, only {', '.join(FACTS)}"
            for name in case
            if name not in FACTS
        }
        facts: dict[str, Any] = {}
        for name, values in FACTS.items():
            if name not in case:
                continue
            text = _text(case[name])
            facts[name] = next((value for value in values if _text(value) == text), None)
            if facts[name] is None and name == "purpose" and isinstance(case[name], str):
                facts[name] = Purpose.UNKNOWN
            if facts[name] is None:
                allowed = ", ".join(map(_text, values))
                errors[name] = f"{case[name]!r} is not one of {allowed}"
        if errors:
            raise FactError(errors)
        meant = cls.best(facts.get("role", Role.CARRIER))
        return replace(meant, **facts)

    def as_case(self) -> dict[str, str]:
        """The question written out, as ``parse`` reads it."""
        return {name: _text(getattr(self, name)) for name in FACTS}

    @classmethod
    def every(cls) -> Iterator["Question"]:
        """Every possible question once, in one fixed order."""
        for role, channel, purpose, by_purpose, by_fields, *carriage in product(*FACTS.values()):
            registration, responsible, mode, window, erased = carriage
            yield cls(
                role=role,
                channel=channel,
                purpose=purpose,
                purpose_registered=by_purpose,
                fields_registered=by_fields,
                registration=registration,
                responsible=responsible,
                mode=mode,
                window=window,
                erased=erased,
            )


def _text(value: object) -> str:
    """A value as a case file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


FACTS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "role": tuple(Role),
        "channel": tuple(Channel),
        "purpose": tuple(Purpose),
        "purpose_registered": (True, False),
        "fields_registered": (True, False),
        "registration": tuple(Registration),
        "responsible": (True, False),
        "mode": tuple(Mode),
        "window": tuple(Window),
        "erased": (False, True),
    }
)
"""Every fact of a question with all values that it can take."""

_KINDS = tuple(type(values[0]) for values in FACTS.values())
