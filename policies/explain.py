"""Explains one answer: the facts, the verdict, and the very rules that gave it, word for word."""

from dataclasses import dataclass

from policies.engine import Engine, Policy
from policies.guidance import guidance
from policies.question import Question
from policies.verdict import Permit, Refusal, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer with all that it rests on.

    ``policies`` are the rules that decided, the weightiest first; none where no rule permits and
    none forbids. ``guidance`` says what is allowed instead, where anything is.
    """

    question: Question
    verdict: Verdict
    policies: tuple[Policy, ...]
    guidance: str | None
    version: str

    def as_json(self) -> dict[str, object]:
        """The explanation for a program."""
        reasons = self.verdict.reasons if isinstance(self.verdict, Refusal) else ()
        return {
            "question": self.question.as_case(),
            "outcome": "permitted" if isinstance(self.verdict, Permit) else "refused",
            "policy": self.verdict.policy,
            "reasons": [
                {"code": reason.code.value, "policy": reason.policy, "text": reason.text}
                for reason in reasons
            ],
            "guidance": self.guidance,
            "rules": [
                {"policy": policy.id, "source": policy.source, "cedar": policy.cedar}
                for policy in self.policies
            ],
            "version": self.version,
        }

    def render(self) -> str:
        """The explanation for a reader."""
        blocks = [
            "\n".join(f"{fact:<20}{value}" for fact, value in self.question.as_case().items()),
            self._outcome(),
            *(f"{policy.file}, {policy.source}\n\n{policy.cedar}" for policy in self.policies),
            f"Policy {self.version}",
        ]
        return "\n\n".join(blocks)

    def _outcome(self) -> str:
        if isinstance(self.verdict, Permit):
            return f"Permitted by {self.verdict.policy}."
        reasons = [f"  {r.code}: {r.text} [{r.policy}]" for r in self.verdict.reasons]
        instead = [f"Instead: {self.guidance}"] if self.guidance else []
        return "\n".join(["Refused:", *reasons, *instead])


def explain(engine: Engine, question: Question) -> Explanation:
    """Why ``engine`` answers ``question`` as it does. Raises ``EngineFault`` as ``decide`` does."""
    verdict = engine.decide(question)
    ids = [verdict.policy] if isinstance(verdict, Permit) else [r.policy for r in verdict.reasons]
    return Explanation(
        question=question,
        verdict=verdict,
        policies=tuple(engine.policies[id_] for id_ in ids if id_ in engine.policies),
        guidance=guidance(question, verdict),
        version=engine.version,
    )
