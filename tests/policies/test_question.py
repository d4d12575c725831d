"""The question is a finite set of facts and takes nothing from outside it."""

from dataclasses import FrozenInstanceError, replace
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.question import (
    DIRECT_CONTACT,
    FACTS,
    MARKETING,
    OTTO_SIX,
    Channel,
    FactError,
    Mode,
    Purpose,
    Question,
    Registration,
    Role,
    Window,
)

questions = st.builds(Question, **{fact: st.sampled_from(FACTS[fact]) for fact in FACTS})


def test_every_question_is_there_once() -> None:
    """There are 172,800 questions, the product of what each fact can be, and none comes twice."""
    every = list(Question.every())
    assert len(set(every)) == len(every) == 172_800
    assert len(every) == prod(len(values) for values in FACTS.values())


def test_the_purposes_are_those_of_the_contract() -> None:
    """Every listed purpose is known by its exact text, and the families do not overlap."""
    assert Purpose.of("delivery-appointment") is Purpose.DELIVERY_APPOINTMENT
    assert {*OTTO_SIX} == {
        *map(Purpose.of, ("order-query", "delivery-notice", "shipment-change", "recall")),
        *map(Purpose.of, ("return-clarification", "statutory-take-back")),
    }
    assert {*MARKETING} == {
        *map(Purpose.of, ("marketing", "newsletter", "review-request", "survey")),
        *map(Purpose.of, ("voucher", "remarketing", "profiling")),
    }
    assert {*DIRECT_CONTACT} == {
        *map(Purpose.of, ("direct-contact", "order-confirmation")),
        *map(Purpose.of, ("dispatch-notice", "delivery-confirmation")),
    }
    families = [OTTO_SIX, MARKETING, DIRECT_CONTACT]
    rest = {Purpose.DELIVERY_APPOINTMENT, Purpose.DRIVER_CALL_AHEAD, Purpose.UNKNOWN}
    assert {*Purpose} == rest.union(*families)
    assert len(Purpose) == len(rest) + sum(map(len, families))


@pytest.mark.parametrize(
    "text",
    ["", " ", "unknown", "UNKNOWN", "freight", "Marketing", "recall ", "order_query", "recall\n"],
)
def test_what_is_not_listed_exactly_is_unknown(text: str) -> None:
    """A variant in case, spacing or spelling is an unknown purpose, and so is the word unknown."""
    assert Purpose.of(text) is Purpose.UNKNOWN


@given(st.text())
def test_any_text_has_a_purpose(text: str) -> None:
    """Whatever a caller writes, it is either a listed purpose word for word, or unknown."""
    purpose = Purpose.of(text)
    assert purpose.value == text or purpose is Purpose.UNKNOWN


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("role", "carrier"),
        ("role", Channel.CARRIER),
        ("purpose", "delivery-appointment"),
        ("responsible", 1),
        ("responsible", "false"),
        ("erased", None),
        ("mode", Window.OPEN),
    ],
)
def test_a_fact_of_another_type_is_refused(fact: str, value: object) -> None:
    """No question can be made outside the finite set, not even with a value that looks alike."""
    facts = {name: getattr(Question.best(), name) for name in FACTS}
    with pytest.raises(TypeError, match=fact):
        Question(**{**facts, fact: value})


def test_a_question_cannot_be_changed() -> None:
    """A question stays what it was when it was decided."""
    question = Question.best()
    with pytest.raises(FrozenInstanceError):
        question.responsible = False  # type: ignore[misc]


def test_the_best_question_of_a_carrier_is_about_the_freight_contact() -> None:
    """Nothing speaks against the best question: registered, responsible, freight, open, kept."""
    assert Question.best() == Question(
        role=Role.CARRIER,
        channel=Channel.CARRIER,
        purpose=Purpose.DELIVERY_APPOINTMENT,
        purpose_registered=True,
        fields_registered=True,
        registration=Registration.CURRENT,
        responsible=True,
        mode=Mode.FREIGHT,
        window=Window.OPEN,
        erased=False,
    )


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CARRIER])
def test_everybody_else_means_the_relay_unless_told(role: Role) -> None:
    """Without a channel named, only a carrier asks for the freight contact."""
    assert Question.best(role).channel is Channel.RELAY
    assert Question.best(role, Channel.CARRIER).channel is Channel.CARRIER
    assert Question.parse({"role": role.value}).channel is Channel.RELAY


@given(questions)
def test_a_written_case_reads_back(question: Question) -> None:
    """What ``as_case`` writes, ``parse`` reads as the same question."""
    assert Question.parse(question.as_case()) == question


def test_what_a_case_leaves_out_is_as_good_as_can_be() -> None:
    """A case names only the facts that it is about."""
    asked = Question.parse({"registration": "lapsed", "erased": True, "responsible": "false"})
    assert asked == replace(
        Question.best(), registration=Registration.LAPSED, erased=True, responsible=False
    )
    assert Question.parse({}) == Question.best()


def test_an_unlisted_purpose_of_a_case_is_unknown() -> None:
    """A case is read as a client's request is: an unlisted purpose is no error but unknown."""
    assert Question.parse({"purpose": "freight"}).purpose is Purpose.UNKNOWN


def test_a_wrong_case_says_what_is_wrong_and_allowed() -> None:
    """Every wrong fact is named, with the values that it can take."""
    with pytest.raises(FactError) as caught:
        Question.parse(
            {"role": "king", "window": True, "purpose": 3, "colour": "red", "erased": "True"}
        )
    errors = caught.value.errors
    assert errors == {
        "colour": f"there is no such fact, only {', '.join(FACTS)}",
        "role": "'king' is not one of merchant, shop, carrier, reviewer, mailer",
        "purpose": f"3 is not one of {', '.join(Purpose)}",
        "window": "True is not one of not_open, open, closed",
        "erased": "'True' is not one of false, true",
    }
    assert str(caught.value).startswith("colour: there is no such fact")
