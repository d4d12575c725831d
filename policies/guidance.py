"""Says what is allowed instead of what was refused, where anything is; it never widens a refusal."""

from policies.question import OTTO_SIX, Channel, Purpose, Question, Role
from policies.verdict import Permit, ReasonCode, Verdict

_SIX = ", ".join(purpose for purpose in Purpose if purpose in OTTO_SIX)

_FOR_A_CARRIER = (
    "A carrier may ask for the contact of a freight order that is assigned to it, "
    "with the purpose delivery-appointment."
)
_FOR_A_SELLER = (
    "A buyer may be written to about a concrete order, through the marketplace's relay address or, "
    f"at OTTO, through OTTO Partner Connect, for one of these purposes: {_SIX}."
)
_APPOINTMENT = (
    "Assign the order to a registered freight carrier: the responsible carrier agrees the "
    "appointment. A missing phone number can be asked for through OTTO Partner Connect, with the "
    "purpose delivery-notice."
)

_HEALED_BY = {
    ReasonCode.PURPOSE_NOT_PERMITTED: "Have the purpose added to the client's registration.",
    ReasonCode.RECIPIENT_NOT_REGISTERED: "Have the merchant renew the carrier's registration.",
    ReasonCode.RECIPIENT_NOT_RESPONSIBLE: (
        "If the order is to be delivered by you, have the merchant assign it to you."
    ),
    ReasonCode.NOT_FREIGHT: (
        "A parcel needs no appointment; the merchant can write to the buyer through OTTO Partner "
        "Connect."
    ),
    ReasonCode.UNCLASSIFIED: (
        "The merchant can give the evidence: the item's delivery type, the carrier of its "
        "shipment, or its assignment to a freight carrier."
    ),
    ReasonCode.WINDOW_NOT_OPEN: "Ask again once the order is ready for delivery.",
    ReasonCode.WINDOW_CLOSED: (
        "What is still to be settled with the buyer, the merchant settles through OTTO Partner "
        "Connect."
    ),
    ReasonCode.FIELD_NOT_REGISTERED: (
        "Ask for registered fields only, or have the field added to the client's registration."
    ),
    ReasonCode.ERASED: (
        "The merchant can write to the buyer through OTTO Partner Connect, which needs no address."
    ),
}


def guidance(question: Question, verdict: Verdict) -> str | None:
    """What ``question`` would have to be for a permit, in a sentence or two.

    None for a permit, and where nothing is allowed instead: a reviewer never contacts a buyer.
    """
    if isinstance(verdict, Permit) or question.role is Role.REVIEWER:
        return None
    if question.role is Role.CARRIER:
        meant = (Channel.CARRIER, Purpose.DELIVERY_APPOINTMENT)
        if (question.channel, question.purpose) != meant:
            return _FOR_A_CARRIER
    elif question.purpose is Purpose.DELIVERY_APPOINTMENT:
        return _APPOINTMENT
    elif question.channel is Channel.CARRIER or question.purpose not in OTTO_SIX:
        return _FOR_A_SELLER
    code = verdict.codes[0]
    if code is ReasonCode.PURPOSE_NOT_PERMITTED and question.purpose_registered:
        return None
    return _HEALED_BY.get(code)
