"""Holds the policy against the readable table of cases, ``cases.toml``; it never corrects either."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from policies.engine import Engine
from policies.errors import PolicyError
from policies.question import Question
from policies.verdict import ReasonCode, Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: a sentence, the question that it means, and the answer expected.

    ``reasons`` are the expected codes in their order; a case without any expects a permit.
    """

    says: str
    question: Question
    reasons: tuple[ReasonCode, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A case that the policy answers otherwise than the table says."""

    case: Case
    verdict: Verdict

    def __str__(self) -> str:
        reasons = self.case.reasons
        expected = f"refused: {', '.join(reasons)}" if reasons else "permitted"
        return f"{self.case.says}\n  expected {expected}; the policy says {self.verdict}"


def load_cases(file: Traversable | None = None) -> tuple[Case, ...]:
    """The cases in ``file``; without one, those of the package.

    Raises ``PolicyError`` where the table cannot be read, is empty, or a case is not complete.
    """
    table = files("policies") / "cases.toml" if file is None else file
    try:
        found = tomllib.loads(table.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PolicyError(f"{table.name} cannot be read: {error}") from error
    cases = found.get("case")
    if not isinstance(cases, list) or not cases or found.keys() != {"case"}:
        raise PolicyError(f"{table.name} must hold [[case]] tables and nothing else")
    return tuple(
        _case(f"{table.name}, case {number}", case) for number, case in enumerate(cases, start=1)
    )


def check(engine: Engine, cases: Iterable[Case] | None = None) -> list[Mismatch]:
    """Every case (those of the package, unless others are given) that ``engine`` answers otherwise.

    Raises ``EngineFault`` as ``Engine.decide`` does.
    """
    answered = (
        (case, engine.decide(case.question)) for case in (load_cases() if cases is None else cases)
    )
    return [Mismatch(case, verdict) for case, verdict in answered if verdict.codes != case.reasons]


def _case(place: str, case: object) -> Case:
    match case:
        case {"says": str(says), "asks": dict(asks), "outcome": "permitted", **rest} if not rest:
            codes: list[str] = []
        case {
            "says": str(says),
            "asks": dict(asks),
            "outcome": "refused",
            "reasons": [*codes],
            **rest,
        } if codes and not rest:
            pass
        case _:
            raise PolicyError(
                f"{place} needs says, asks and an outcome: permitted, or refused with reasons"
            )
    try:
        return Case(says, Question.parse(asks), tuple(ReasonCode(code) for code in codes))
    except ValueError as error:
        raise PolicyError(f"{place}: {error}") from error
