"""What other rules would change: the cases that two policies answer differently; it judges neither."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from policies import world
from policies.engine import Engine
from policies.question import FACTS, Channel, Purpose, Question, Role
from policies.verdict import Fault, Verdict

_ASKED = ("role", "channel", "purpose")


@dataclass(frozen=True, slots=True)
class Change:
    """A case with the answers before and after; ``against`` is the one fact against it, if any."""

    question: Question
    against: str | None
    before: Verdict | Fault
    after: Verdict | Fault


def compared() -> Iterator[tuple[Question, str | None]]:
    """Every case of the decision table, and each of them again with one fact against it."""
    seen: set[world.Told] = set()
    for purpose, role, channel in product(Purpose, Role, Channel):
        best = Question.best(role, channel, purpose)
        for against, question in [(None, best), *_with_one_against(best)]:
            told = world.told(question)
            if told not in seen:
                seen.add(told)
                yield question, against


def changes(before: Engine, after: Engine) -> tuple[Change, ...]:
    """The cases of ``compared`` that are permitted or refused otherwise, or for other reasons."""
    found = (
        Change(question, against, before.answer(question), after.answer(question))
        for question, against in compared()
    )
    return tuple(one for one in found if _said(one.before) != _said(one.after))


def _with_one_against(best: Question) -> Iterator[tuple[str, Question]]:
    for fact, values in FACTS.items():
        if fact not in _ASKED:
            for value in values:
                if value != getattr(best, fact):
                    yield fact, replace(best, **{fact: value})


def _said(answer: Verdict | Fault) -> tuple[type, tuple[str, ...]]:
    return type(answer), () if isinstance(answer, Fault) else answer.codes
