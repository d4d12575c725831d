"""Asks the policy every possible question and holds the answers against the invariants.

It leaves out no question. What it proved once it may remember, bound to all that the proof rests on.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile

from policies.engine import Engine
from policies.invariants import INVARIANTS, Answer, Invariant
from policies.question import FACTS, Question
from policies.verdict import Fault

_ALL = tuple(chain.from_iterable(INVARIANTS.values()))


@dataclass(frozen=True, slots=True)
class Proof:
    """Every question was asked and every invariant holds.

    ``questions`` is their number; ``requests`` how many of them differ in what the rules are told.
    """

    questions: int
    requests: int
    invariants: tuple[Invariant, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant does not hold; ``question`` is the smallest of the gravest cases that break one.

    A wrong permit is graver than a missing verdict, and that than a wrong reason. The smallest case
    is the one that differs in the fewest facts from ``Question.best()``: a registered and
    responsible carrier that asks for the delivery appointment of a freight order in its window.
    Among equals it is the first in the order of ``INVARIANTS``, then of ``Question.every()``.
    """

    invariant: Invariant
    question: Question
    answer: Answer

    def __str__(self) -> str:
        case = "\n".join(f"  {fact} = {value}" for fact, value in self.question.as_case().items())
        return (
            f"The policy breaks {self.invariant.name}: {self.invariant.says}\n"
            f"Smallest case:\n{case}\n  -> {self.answer}"
        )


def prove(engine: Engine) -> Proof | Broken:
    """Holds the answer to every possible question against every invariant that speaks of it.

    Raises ``EngineFault`` where Cedar does not answer at all.
    """
    requests = engine.answer_all()
    questions = 0
    breaks: list[Broken] = []
    for question in Question.every():
        questions += 1
        answer = engine.answer(question)
        codes = () if isinstance(answer, Fault) else answer.codes
        breaks.extend(
            Broken(invariant, question, answer)
            for invariant in INVARIANTS[type(answer)]
            if not invariant.holds(question, codes, engine.answer)
        )
    return min(breaks, key=_rank) if breaks else Proof(questions, requests, _ALL)


def prove_once(engine: Engine, memory: Path) -> Proof | Broken:
    """The proof that ``memory`` holds of this very policy; else ``prove``, written there.

    The memory is bound to the texts, the schema, the code of this package and Cedar's version. It
    spares time at a start; it is no protection against whoever may write that file.
    """
    bound_to = _rests_on(engine)
    if (remembered := _remembered(memory, bound_to)) is not None:
        return remembered
    proof = prove(engine)
    if isinstance(proof, Proof):
        found = {"rests_on": bound_to, "questions": proof.questions, "requests": proof.requests}
        _write(memory, json.dumps(found))
    return proof


def _rank(broken: Broken) -> tuple[int, int, int]:
    best = Question.best()
    size = sum(getattr(broken.question, fact) is not getattr(best, fact) for fact in FACTS)
    return list(INVARIANTS).index(type(broken.answer)), size, _ALL.index(broken.invariant)


def _rests_on(engine: Engine) -> str:
    digest = sha256(f"{engine.version} cedarpy {version('cedarpy')}".encode())
    for source in sorted(files("policies").iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".py"):
            digest.update(sha256(source.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"


def _remembered(memory: Path, bound_to: str) -> Proof | None:
    try:
        found = json.loads(memory.read_bytes())
        if found["rests_on"] == bound_to:
            return Proof(int(found["questions"]), int(found["requests"]), _ALL)
    except (OSError, ValueError, TypeError, LookupError):
        return None
    return None


def _write(memory: Path, text: str) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=memory.parent, prefix=memory.name, delete=False) as file:
        file.write(text)
    Path(file.name).replace(memory)
