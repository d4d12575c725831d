"""Asks the policy; whatever is no clean verdict releases nothing."""

from gateway.errors import Unavailable
from policies.engine import Engine
from policies.errors import EngineFault
from policies.question import Question
from policies.verdict import Verdict


def ask(engine: Engine, question: Question) -> Verdict:
    """The verdict; Unavailable when the engine gave none (fail closed)."""
    try:
        return engine.decide(question)
    except EngineFault as fault:
        raise Unavailable(
            "policy", "the policy gave no clean answer: nothing was released"
        ) from fault
