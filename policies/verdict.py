"""What the policy answers: a permit, or a refusal that gives every reason; never a bare no."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """Why a question is refused; the order of the codes here is their order of weight.

    The weightiest is what the contact was wanted for, then who wanted it, then the order's state,
    then what was asked of it. A reason that no change of circumstances heals so comes first.
    """

    PURPOSE_MARKETING = "purpose_marketing"
    PURPOSE_DIRECT_CONTACT = "purpose_direct_contact"
    PURPOSE_NOT_PERMITTED = "purpose_not_permitted"
    RECIPIENT_NOT_CARRIER = "recipient_not_carrier"
    RECIPIENT_NOT_REGISTERED = "recipient_not_registered"
    RECIPIENT_NOT_RESPONSIBLE = "recipient_not_responsible"
    NOT_FREIGHT = "not_freight"
    UNCLASSIFIED = "unclassified"
    WINDOW_NOT_OPEN = "window_not_open"
    WINDOW_CLOSED = "window_closed"
    FIELD_NOT_REGISTERED = "field_not_registered"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a refusal: the rule that gives it, and the rule's sentence in both languages.

    ``policy`` is the rule's ``@id``, ``text`` its ``@text``, ``text_de`` its ``@text_de``.
    """

    code: ReasonCode
    policy: str
    text: str
    text_de: str


@dataclass(frozen=True, slots=True)
class Permit:
    """The use is permitted, by the rule whose ``@id`` is ``policy``."""

    policy: str

    @property
    def codes(self) -> tuple[ReasonCode, ...]:
        """None: a permit has no reasons."""
        return ()

    def __str__(self) -> str:
        return f"permitted by {self.policy}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The use is refused: every reason that applies, each code once, the weightiest first."""

    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a refusal gives at least one reason")

    @property
    def codes(self) -> tuple[ReasonCode, ...]:
        """The codes of the reasons, in their order."""
        return tuple([reason.code for reason in self.reasons])

    @property
    def policy(self) -> str:
        """The ``@id`` of the weightiest rule that refuses."""
        return self.reasons[0].policy

    def __str__(self) -> str:
        return f"refused by {self.policy}: {', '.join(self.codes)}"


Verdict = Permit | Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """The engine gave no clean answer: no verdict at all, and nothing may be released on it."""

    message: str

    def __str__(self) -> str:
        return f"no clean answer: {self.message}"
