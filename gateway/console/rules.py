"""A rule of the policy as people read it: its sentence, its source, and where it stands in its file."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.console.words import Language
from policies.engine import DENY_UNLESS_PERMITTED, Policy

_SHORT = 8
_IN_GERMAN = {
    "GDPR": "DSGVO",
    "secondary: a partner's summary": "aus zweiter Hand: Zusammenfassung eines Partners",
}
"""Sources are names; these have another one in German."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: its sentence, its source, its file with the rule marked."""

    id: str
    sentence: str
    source: str
    file: str
    text: Markup


def rule(texts: Mapping[str, str], policy: Policy, language: Language) -> Rule:
    """A rule in one language, marked in its file."""
    # Without the comments above it, which `cedar` brings along.
    alone = policy.cedar[policy.cedar.index("@id(") :]
    before, _, after = texts[policy.file].partition(alone)
    marked = Markup("{}<mark>{}</mark>{}").format(before, alone, after)
    return Rule(
        id=policy.id,
        sentence=policy.text_de if language is Language.GERMAN else policy.text,
        source=_source(policy.source, language),
        file=policy.file,
        text=marked,
    )


def default(language: Language) -> Rule:
    """What decides where no rule does."""
    known = DENY_UNLESS_PERMITTED
    return Rule(
        id=known.policy,
        sentence=known.text_de if language is Language.GERMAN else known.text,
        source="",
        file="",
        text=escape(""),
    )


def _source(source: str, language: Language) -> str:
    if language is Language.GERMAN:
        for name, german in _IN_GERMAN.items():
            source = source.replace(name, german)
    return source


def version(policy: str | None) -> str:
    """As short as people can compare it."""
    return "" if policy is None else policy.removeprefix("sha256:")[:_SHORT]
