"""Guidance names what is really allowed, and nothing where nothing is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import DENY_UNLESS_PERMITTED, Engine
from policies.guidance import guidance
from policies.question import FACTS, OTTO_SIX, Channel, Purpose, Question, Role
from policies.verdict import Permit, Reason, ReasonCode, Refusal

questions = st.builds(Question, **{fact: st.sampled_from(FACTS[fact]) for fact in FACTS})


def _guidance(engine: Engine, **case: object) -> str | None:
    question = Question.parse(case)
    return guidance(question, engine.decide(question))


@given(question=questions)
def test_guidance_goes_with_refusals_of_those_who_may_act(
    engine: Engine, question: Question
) -> None:
    """A permit needs no guidance, a reviewer has no other way; every other refusal shows one."""
    verdict = engine.decide(question)
    said = guidance(question, verdict)
    assert (said is None) == (isinstance(verdict, Permit) or question.role is Role.REVIEWER)


@given(question=questions)
def test_what_guidance_offers_is_permitted(engine: Engine, question: Question) -> None:
    """A channel or purpose that guidance names is one that the policy permits to this role."""
    said = guidance(question, engine.decide(question)) or ""
    own = question.role is Role.CARRIER
    offers = {purpose for purpose in Purpose if not own and purpose in OTTO_SIX and purpose in said}
    for purpose in offers:
        for channel in (Channel.RELAY, Channel.PARTNER_CONNECT):
            offered = Question.best(question.role, channel, purpose)
            assert isinstance(engine.decide(offered), Permit)
    if "with the purpose delivery-appointment" in said:
        assert isinstance(engine.decide(Question.best(question.role)), Permit)


@pytest.mark.parametrize(
    ("case", "start"),
    [
        ({"purpose": "marketing"}, "A carrier may ask for the contact of a freight order"),
        ({"purpose": "driver-call-ahead"}, "A carrier may ask for the contact"),
        ({"channel": "relay"}, "A carrier may ask for the contact"),
        ({"purpose_registered": False}, "Have the purpose added"),
        ({"registration": "lapsed"}, "Have the merchant renew"),
        ({"responsible": False}, "If the order is to be delivered by you"),
        ({"mode": "parcel"}, "A parcel needs no appointment"),
        ({"mode": "unclassified"}, "The merchant can give the evidence"),
        ({"window": "not_open"}, "Ask again once"),
        ({"window": "closed"}, "What is still to be settled"),
        ({"fields_registered": False}, "Ask for registered fields only"),
        ({"erased": True}, "The merchant can write to the buyer through OTTO Partner Connect"),
        ({"role": "merchant", "channel": "carrier"}, "Assign the order to a registered freight"),
        ({"role": "shop"}, "Assign the order to a registered freight"),
        (
            {"role": "merchant", "channel": "carrier", "purpose": "order-query"},
            "A buyer may be written to about a concrete order",
        ),
        ({"role": "mailer", "purpose": "newsletter"}, "A buyer may be written to"),
        (
            {"role": "mailer", "purpose": "recall", "purpose_registered": False},
            "Have the purpose added",
        ),
        ({"role": "shop", "purpose": "recall", "erased": True}, "The merchant can write"),
    ],
)
def test_guidance_fits_who_asked_and_why_not(
    engine: Engine, case: dict[str, object], start: str
) -> None:
    """The way shown is the one that the asking role can go from where it stands."""
    said = _guidance(engine, **case)
    assert said is not None
    assert said.startswith(start)


def test_a_rule_of_ones_own_is_not_explained_away() -> None:
    """Where a further rule refuses what is registered, no registration would help; none is named."""
    question = Question.best()
    assert guidance(question, Refusal((DENY_UNLESS_PERMITTED,))) is None
    unregistered = replace(question, purpose_registered=False)
    assert guidance(unregistered, Refusal((DENY_UNLESS_PERMITTED,))) is not None
    odd = Refusal((Reason(ReasonCode.RECIPIENT_NOT_CARRIER, "odd", "No.", "Nein."),))
    assert guidance(question, odd) is None
