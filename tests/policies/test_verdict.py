"""Verdicts are values, and a refusal always has a reason."""

import pytest

from policies.verdict import Fault, Permit, Reason, ReasonCode, Refusal

CONTRACT = [
    "purpose_marketing",
    "purpose_direct_contact",
    "purpose_not_permitted",
    "recipient_not_carrier",
    "recipient_not_registered",
    "recipient_not_responsible",
    "not_freight",
    "unclassified",
    "window_not_open",
    "window_closed",
    "field_not_registered",
    "erased",
]


def test_the_codes_stand_in_their_order_of_weight() -> None:
    """The codes are those that others rely on, and their order is the order of answers."""
    assert [code.value for code in ReasonCode] == CONTRACT


def test_a_refusal_without_a_reason_cannot_be() -> None:
    """A bare no is not an answer."""
    with pytest.raises(ValueError, match="at least one reason"):
        Refusal(())


def test_verdicts_name_the_rule_that_decides() -> None:
    """A permit names its rule, a refusal the weightiest of its rules; a permit has no codes."""
    reasons = (
        Reason(ReasonCode.NOT_FREIGHT, "parcels", "A parcel.", "Ein Paket."),
        Reason(ReasonCode.ERASED, "gone", "Gone.", "Weg."),
    )
    refusal, permit = Refusal(reasons), Permit("appointment")
    assert (refusal.policy, refusal.codes) == (
        "parcels",
        (ReasonCode.NOT_FREIGHT, ReasonCode.ERASED),
    )
    assert (permit.policy, permit.codes) == ("appointment", ())
    assert str(refusal) == "refused by parcels: not_freight, erased"
    assert str(permit) == "permitted by appointment"
    assert str(Fault("overflow")) == "no clean answer: overflow"
