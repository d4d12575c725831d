"""The invariants are statements of their own: each can be broken, and each holds of good answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import Engine
from policies.invariants import INVARIANTS, Answer, facts_against, reasons_that_apply
from policies.question import FACTS, Channel, Mode, Purpose, Question, Role, Window
from policies.verdict import Fault, Permit, Reason, ReasonCode, Refusal

BY_NAME = {
    invariant.name: invariant for invariants in INVARIANTS.values() for invariant in invariants
}
RELEASE = Question.best()
LETTER = Question.best(Role.MERCHANT, Channel.RELAY, Purpose.RECALL)

questions = st.builds(Question, **{fact: st.sampled_from(FACTS[fact]) for fact in FACTS})


def _refusal(*codes: ReasonCode) -> Refusal:
    return Refusal(tuple(Reason(code, code.value, "No.", "Nein.") for code in codes))


def _permit(_: Question) -> Answer:
    return Permit("anything goes")


WRONG_PERMITS = [
    (
        "freight-contact-to-carriers-only",
        Question.parse({"role": "merchant", "channel": "carrier"}),
    ),
    ("freight-contact-to-carriers-only", Question.parse({"role": "shop", "channel": "carrier"})),
    ("freight-contact-to-current-registrations-only", Question.parse({"registration": "lapsed"})),
    ("freight-contact-to-current-registrations-only", Question.parse({"registration": "missing"})),
    ("freight-contact-to-the-responsible-only", replace(RELEASE, responsible=False)),
    ("freight-contact-of-freight-only", replace(RELEASE, mode=Mode.PARCEL)),
    ("freight-contact-of-freight-only", replace(RELEASE, mode=Mode.UNCLASSIFIED)),
    ("freight-contact-in-the-window-only", replace(RELEASE, window=Window.NOT_OPEN)),
    ("freight-contact-in-the-window-only", replace(RELEASE, window=Window.CLOSED)),
    ("freight-contact-for-the-appointment-only", replace(RELEASE, purpose=Purpose.RECALL)),
    ("freight-contact-in-registered-fields-only", replace(RELEASE, fields_registered=False)),
    ("nothing-for-an-unregistered-purpose", replace(RELEASE, purpose_registered=False)),
    ("nothing-for-an-unregistered-purpose", replace(LETTER, purpose_registered=False)),
    ("nothing-for-marketing", replace(LETTER, purpose=Purpose.SURVEY)),
    ("nothing-for-direct-contact", replace(LETTER, purpose=Purpose.DISPATCH_NOTICE)),
    ("nothing-for-other-purposes", replace(LETTER, purpose=Purpose.UNKNOWN)),
    ("nothing-for-other-purposes", replace(RELEASE, purpose=Purpose.DRIVER_CALL_AHEAD)),
    ("otto-channels-for-the-six-only", replace(LETTER, purpose=Purpose.DELIVERY_APPOINTMENT)),
    ("otto-channels-for-the-seller-only", replace(LETTER, role=Role.CARRIER)),
    ("otto-channels-for-the-seller-only", replace(LETTER, role=Role.REVIEWER)),
    ("nothing-erased", replace(RELEASE, erased=True)),
    ("nothing-erased", replace(LETTER, erased=True)),
]


@pytest.mark.parametrize(("name", "question"), WRONG_PERMITS)
def test_each_statement_on_permits_can_be_broken(name: str, question: Question) -> None:
    """A wrong permit breaks the statement that speaks of it; the good questions break none."""
    invariant = BY_NAME[name]
    assert not invariant.holds(question, (), _permit)
    assert invariant.holds(RELEASE, (), _permit)
    assert invariant.holds(LETTER, (), _permit)


def test_every_statement_on_permits_is_tried() -> None:
    """No statement about permits stands untested."""
    tried = {name for name, _ in WRONG_PERMITS} | {"more-against-never-helps"}
    assert tried == {invariant.name for invariant in INVARIANTS[Permit]}


def test_more_against_never_helps_compares_with_less_against() -> None:
    """A permit whose milder neighbour is refused breaks the statement, whichever fact it is."""
    holds = BY_NAME["more-against-never-helps"].holds
    worse = replace(RELEASE, window=Window.CLOSED, erased=True)
    assert facts_against(worse) == ("window", "erased")
    assert holds(worse, (), _permit)
    for milder in (replace(worse, erased=False), replace(worse, window=Window.OPEN)):

        def ask(question: Question, refused: Question = milder) -> Answer:
            return _refusal(ReasonCode.ERASED) if question == refused else Permit("else")

        assert not holds(worse, (), ask)


def test_reasons_must_be_complete_and_true() -> None:
    """A reason too few or too many breaks the statement, except for purpose_not_permitted."""
    holds = BY_NAME["reasons-are-complete-and-true"].holds
    gone = replace(RELEASE, erased=True, mode=Mode.PARCEL)
    both = (ReasonCode.NOT_FREIGHT, ReasonCode.ERASED)
    assert holds(gone, both, _permit)
    assert holds(gone, (ReasonCode.PURPOSE_NOT_PERMITTED, *both), _permit)
    assert not holds(gone, (ReasonCode.ERASED,), _permit)
    assert not holds(gone, (*both, ReasonCode.UNCLASSIFIED), _permit)


def test_anothers_order_must_stay_untold() -> None:
    """An answer that differs with the state of another carrier's order breaks the statement."""
    holds = BY_NAME["anothers-order-stays-untold"].holds
    anothers = replace(RELEASE, responsible=False, mode=Mode.PARCEL)

    def tells(question: Question) -> Answer:
        return _refusal(*reasons_that_apply(replace(question, responsible=True)), *reasons[:1])

    reasons = [ReasonCode.RECIPIENT_NOT_RESPONSIBLE]
    assert not holds(anothers, (), tells)
    assert holds(anothers, (), _permit)
    assert holds(replace(anothers, responsible=True), (), tells)
    assert holds(replace(anothers, role=Role.SHOP), (), tells)


def test_a_fault_breaks_every_statement_on_faults() -> None:
    """There is no question that a fault would be a good answer to."""
    [invariant] = INVARIANTS[Fault]
    assert not invariant.holds(RELEASE, (), _permit)


@given(question=questions)
def test_permitted_is_what_nothing_speaks_against(engine: Engine, question: Question) -> None:
    """The rules and the statements, written apart, agree on what is permitted and on why not."""
    verdict = engine.decide(question)
    assert isinstance(verdict, Permit) == (not reasons_that_apply(question))
    assert set(verdict.codes) == reasons_that_apply(question)
    assert list(verdict.codes) == sorted(verdict.codes, key=list(ReasonCode).index)
