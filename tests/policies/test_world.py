"""The rules are told the facts that concern them and no others."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import world
from policies.question import FACTS, Channel, Question, Role

_OF_CARRIERS = ("registration", "responsible", "fields_registered")
_OF_THE_FREIGHT_CONTACT = ("mode", "window")


def _tells_the_same(question: Question, facts: Iterable[str]) -> bool:
    return all(
        world.told(replace(question, **{fact: value})) == world.told(question)
        for fact in facts
        for value in FACTS[fact]
    )


@given(st.builds(Question, **{fact: st.sampled_from(FACTS[fact]) for fact in FACTS}))
def test_nobody_is_judged_by_facts_that_are_not_theirs(question: Question) -> None:
    """A carrier's facts cannot count against another role, nor an item's against OTTO's ways."""
    if question.role is not Role.CARRIER:
        assert _tells_the_same(question, _OF_CARRIERS)
    if question.channel is not Channel.CARRIER:
        assert _tells_the_same(question, _OF_THE_FREIGHT_CONTACT)
    if question.channel is Channel.PARTNER_CONNECT:
        assert _tells_the_same(question, ("erased",))


def test_every_question_is_among_all_that_can_be_told() -> None:
    """What the questions tell is exactly what can be told, and each request names known things."""
    everything = list(world.everything())
    assert {world.told(question) for question in Question.every()} == set(everything)
    assert len(everything) == len(set(everything))
    known = {(entity["uid"]["type"], entity["uid"]["id"]) for entity in world.entities()}
    for told in everything:
        request = world.request(told)
        assert (request["principal"]["type"], request["principal"]["id"]) in known
        assert (request["resource"]["type"], request["resource"]["id"]) in known


def test_different_things_have_different_names() -> None:
    """No two clients and no two contacts share a name, so that no fact is lost in it."""
    names = [(entity["uid"]["type"], entity["uid"]["id"]) for entity in world.entities()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("role", list(Role))
def test_a_request_reads_as_the_question(role: Role) -> None:
    """Principal is the client, action the purpose, resource the way to the buyer."""
    request = world.request(world.told(Question.best(role)))
    assert request["principal"]["type"] == role.value.title()
    assert request["action"] == {"type": "Action", "id": "delivery-appointment"}
