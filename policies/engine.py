"""Asks Cedar, and permits only on a clean Allow; nobody else imports cedarpy.

Cedar skips a rule that fails to evaluate, and may then answer Allow. So nothing here counts as a
permit unless the texts fit the schema, the request was checked against it, no rule reported an
error, and what decided is a permit of these texts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal, Self

from cedarpy import (
    AuthzResult,
    Decision,
    Entities,
    PolicySet,
    Schema,
    is_authorized_batch,
    policies_to_json_str,
    validate_policies,
)

from policies import texts, world
from policies.errors import EngineFault, PolicyError
from policies.question import Question
from policies.verdict import Fault, Permit, Reason, ReasonCode, Refusal, Verdict

DENY_UNLESS_PERMITTED = Reason(
    ReasonCode.PURPOSE_NOT_PERMITTED,
    "deny-unless-permitted",
    "No rule permits this; what no rule permits is refused.",
    "Keine Regel erlaubt dies; was keine Regel erlaubt, wird abgelehnt.",
)
"""The reason of a refusal that no rule gives a reason for; no rule may bear its name."""

_ANNOTATIONS = {
    "permit": {"id", "text", "text_de", "source"},
    "forbid": {"id", "reason", "text", "text_de", "source"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule as its text states it.

    ``reason`` is what a forbid refuses with, and None for a permit. ``cedar`` is the rule with the
    comments above it, as it stands in ``file``.
    """

    id: str
    effect: Literal["permit", "forbid"]
    reason: Reason | None
    text: str
    text_de: str
    source: str
    file: str
    cedar: str


class Engine:
    """The policy, ready to be asked. It never changes; it only remembers what it answered.

    ``version`` names the texts and the schema (see ``Texts.version``), ``texts`` holds them by file
    name, ``policies`` every rule by its ``@id``, in the order of the files and of the text.
    """

    def __init__(self, source: texts.Texts) -> None:
        """Raises ``PolicyError`` unless every rule is complete and fits the schema."""
        joined = "\n".join(source.policies.values())
        self._schema = _schema(source.schema)
        self._world = _world(self._schema)
        self.policies: Mapping[str, Policy] = MappingProxyType(_policies(source))
        _validate(joined, self._schema)
        self._rules = PolicySet.from_str(joined)
        self.version = source.version
        self.texts: Mapping[str, str] = MappingProxyType(
            {**source.policies, texts.SCHEMA: source.schema}
        )
        self._answers: dict[world.Told, Verdict | Fault] = {}

    @classmethod
    def load(cls, directory: Traversable | None = None) -> Self:
        """The policy in ``directory``; without one, the policy that the package brings along.

        Raises ``PolicyError`` where the texts are missing, empty, ill-formed or unfit.
        """
        return cls(texts.read(directory))

    def decide(self, question: Question) -> Verdict:
        """The verdict on ``question``, for ever the same.

        Raises ``EngineFault`` where Cedar gives no clean answer. That is no refusal, since a
        refusal owes its reasons, and still less a permit: whoever asked must release nothing.
        """
        answer = self.answer(question)
        if isinstance(answer, Fault):
            raise EngineFault(answer.message)
        return answer

    def answer(self, question: Question) -> Verdict | Fault:
        """The verdict on ``question``, or the fault that stands in its place.

        Raises ``EngineFault`` where Cedar does not answer at all.
        """
        told = world.told(question)
        if told not in self._answers:
            self._ask([told])
        return self._answers[told]

    def answer_all(self) -> int:
        """Answers every question beforehand, in one batch; how many requests to Cedar that takes.

        They are fewer than the questions, since the rules are told only what concerns them.
        """
        self._ask(list(world.everything()))
        return len(self._answers)

    def _ask(self, told: Sequence[world.Told]) -> None:
        requests = [world.request(values) for values in told]
        try:
            results = is_authorized_batch(requests, self._rules, self._world, self._schema)
            answers = [self._conclude(result) for result in results]
        except Exception as error:
            raise EngineFault(f"Cedar did not answer: {error}") from error
        self._answers.update(zip(told, answers, strict=True))

    def _conclude(self, result: AuthzResult) -> Verdict | Fault:
        """What an answer of Cedar's means. Any but a clean one is a fault."""
        if result.diagnostics.errors:
            return Fault("; ".join(result.diagnostics.errors))
        ids = set(result.diagnostics.id_annotations_by_reason.values())
        deciding = [policy for policy in self.policies.values() if policy.id in ids]
        effects = {policy.effect for policy in deciding}
        if len(deciding) == len(result.diagnostics.reasons):
            if result.decision is Decision.Allow and effects == {"permit"}:
                return Permit(deciding[0].id)
            if result.decision is Decision.Deny and effects <= {"forbid"}:
                return Refusal(_reasons(deciding) or (DENY_UNLESS_PERMITTED,))
        return Fault(f"{result.decision.value} on the word of {sorted(ids) or 'no rule'}")


def _reasons(deciding: Sequence[Policy]) -> tuple[Reason, ...]:
    """The reasons of the rules that refuse: the first rule for each code, the weightiest first."""
    first = {policy.reason.code: policy.reason for policy in reversed(deciding) if policy.reason}
    return tuple(first[code] for code in ReasonCode if code in first)


def _schema(text: str) -> Schema:
    try:
        return Schema.from_str(text)
    except ValueError as error:
        raise PolicyError(f"{texts.SCHEMA}: {error}") from error


def _world(schema: Schema) -> Entities:
    try:
        return Entities.from_json_str(json.dumps(world.entities()), schema)
    except ValueError as error:
        raise PolicyError(
            f"{texts.SCHEMA} does not fit the facts of a question: {error}"
        ) from error


def _policies(source: texts.Texts) -> dict[str, Policy]:
    """Every rule of every text by its id, in order; ``PolicyError`` if one is incomplete."""
    found: dict[str, Policy] = {}
    for file, text in source.policies.items():
        *rules, rest = texts.rules(text)
        if not rules or _parsed(file, rest):
            raise PolicyError(f"{file}: no rule in it; an empty policy would decide nothing")
        for rule in rules:
            policy = _policy(file, rule)
            if policy.id in found or policy.id == DENY_UNLESS_PERMITTED.policy:
                raise PolicyError(f"{file}: the id {policy.id} is taken")
            found[policy.id] = policy
    return found


def _policy(file: str, rule: str) -> Policy:
    [parsed] = _parsed(file, rule)
    effect, notes = parsed["effect"], parsed.get("annotations", {})
    name = f"{file}: {notes.get('id') or 'a rule without @id'}"
    if missing := sorted(key for key in _ANNOTATIONS[effect] if not (notes.get(key) or "").strip()):
        raise PolicyError(f"{name} lacks @{', @'.join(missing)}")
    if unknown := sorted(notes.keys() - _ANNOTATIONS[effect]):
        raise PolicyError(f"{name}: a {effect} knows no @{', @'.join(unknown)}")
    reason = None
    if effect == "forbid":
        if notes["reason"] not in set(ReasonCode):
            raise PolicyError(f"{name}: {notes['reason']} is no reason code")
        reason = Reason(ReasonCode(notes["reason"]), notes["id"], notes["text"], notes["text_de"])
    return Policy(
        id=notes["id"],
        effect=effect,
        reason=reason,
        text=notes["text"],
        text_de=notes["text_de"],
        source=notes["source"],
        file=file,
        cedar=rule.strip(),
    )


def _parsed(file: str, text: str) -> list[dict[str, Any]]:
    """The rules in ``text`` as Cedar's JSON; ``PolicyError`` if it is not Cedar."""
    try:
        parsed = json.loads(policies_to_json_str(text))
    except ValueError as error:
        raise PolicyError(f"{file}: {error}") from error
    if parsed["templates"]:
        raise PolicyError(f"{file}: a template decides nothing until it is filled in")
    return list(parsed["staticPolicies"].values())


def _validate(joined: str, schema: Schema) -> None:
    result = validate_policies(joined, schema)
    if not result.validation_passed:
        errors = "; ".join(error.error for error in result.errors)
        raise PolicyError(f"the policy does not fit {texts.SCHEMA}: {errors}")
