"""A rule of the policy as people read it: its sentence, its source, and where it stands in its file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.console.words import Language
from policies.engine import DENY_UNLESS_PERMITTED, Policy

_SHORT = 8
_LAWS = {"GDPR": ("Art.", "DSGVO"), "UWG": ("§", "UWG")}
"""Laws as rules name them, and what German puts before a provision and after the last."""

_SECONDARY = "secondary: a partner's summary"
_PROVISION = re.compile(r"§?([0-9]+)(?:\(([0-9]+)\))?(?:\(([a-z])\))?")


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
    if language is not Language.GERMAN:
        return source
    cited = "; ".join(_cited(one) for one in source.split("; "))
    return cited.replace(_SECONDARY, "aus zweiter Hand: Zusammenfassung eines Partners")


def _cited(source: str) -> str:
    """A law as Germans cite it: "GDPR 5(1)(b)" is "Art. 5 Abs. 1 Buchst. b DSGVO"."""
    law, _, provisions = source.partition(" ")
    if law not in _LAWS:
        return source
    before, after = _LAWS[law]
    return f"{', '.join(_provision(before, one) for one in provisions.split(', '))} {after}"


def _provision(before: str, text: str) -> str:
    found = _PROVISION.fullmatch(text)
    if found is None:
        return text
    number, paragraph, letter = found.groups()
    parts = (
        f"{before} {number}",
        f"Abs. {paragraph}" if paragraph else "",
        f"Buchst. {letter}" if letter else "",
    )
    return " ".join(part for part in parts if part)


def version(policy: str | None) -> str:
    """As short as people can compare it."""
    return "" if policy is None else policy.removeprefix("sha256:")[:_SHORT]
