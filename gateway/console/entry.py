"""One entry, opened: who, when, why, and the proof that it stands in the log for good."""

import json
from dataclasses import dataclass

from gateway.audit.entry import Action, Entry
from gateway.console import rules, sentences
from gateway.console.page import REVIEWER, File, Html, Reply, Visit, page
from gateway.console.rules import Rule
from gateway.console.words import Language
from gateway.usecases.people.accounts import actor
from gateway.usecases.reviewing import proving
from gateway.usecases.reviewing.proving import Opened, Proven
from policies.engine import Engine
from policies.verdict import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Why:
    """A reason, None for a permit, and the rules that give it."""

    code: str | None
    rules: list[Rule]


@page("GET", "/log/<entry>", access=REVIEWER, name="entry", place="log")
def entry(visit: Visit) -> Reply:
    """The entry."""
    return _shown(visit, _opened(visit), None)


@page("POST", "/log/<entry>/proof", access=REVIEWER, name="entry_proof", place="log")
def entry_proof(visit: Visit) -> Reply:
    """The entry, with its proof worked out."""
    found = _opened(visit)
    return _shown(visit, found, proving.proven(visit.services.store, visit.merchant, found))


@page("POST", "/log/<entry>/receipt", access=REVIEWER, name="entry_receipt", place="log")
def entry_receipt(visit: Visit) -> Reply:
    """The receipt, which proves the entry without this service."""
    entry_id = visit.path["entry"]
    receipt = proving.receipt(
        visit.services.store, visit.merchant, actor(visit.account), entry_id, visit.request_id
    )
    return File(
        name=f"receipt-{entry_id}.json",
        media_type="application/json",
        content=(json.dumps(receipt.as_json()) + "\n").encode(),
    )


def _opened(visit: Visit) -> Opened:
    return proving.opened(
        visit.services.store,
        visit.merchant,
        actor(visit.account),
        visit.path["entry"],
        visit.request_id,
    )


def _shown(visit: Visit, found: Opened, proof: Proven | None) -> Html:
    t, told = visit.words, found.line.entry
    book = visit.services.rulebook
    now = book.in_force()
    # As it was then, where its text is kept: versions from before approvals are known by digest alone.
    engine = book.read(told.policy) or now or book.installed
    return Html(
        template="entry.html",
        values={
            "line": found.line,
            "entry": told,
            "origin": found.origin,
            "vkey": found.vkey,
            "sentence": sentences.sentence(t, found.line, found.names),
            "mark": sentences.mark(told),
            "who": sentences.actor(t, told.actor.id, found.names),
            "carrier": found.names.carriers.get(told.carrier or "", told.carrier),
            "order": sentences.order(t, found.line.order_number, told.subject)
            if told.subject
            else None,
            "fields": sentences.fields(t, told.fields) if told.fields else None,
            "why": _why(engine, told, t.language),
            "version": rules.version(told.policy),
            "version_now": rules.version(now.version if now else None),
            "wording_now": engine.version != told.policy,
            "proof": proof,
            "raw": json.dumps(json.loads(told.leaf()), indent=2, ensure_ascii=False),
        },
    )


def _why(engine: Engine, told: Entry, language: Language) -> list[_Why]:
    """The reasons of a refusal, or the rules by which a contact may be released."""
    known = engine.policies.values()
    if told.action is Action.CONTACT_RELEASED:
        # The one way on which a contact is ever handed over; the relay is no contact.
        permits = [one for one in known if one.effect == "permit" and "FreightContact" in one.cedar]
        return [_Why(code=None, rules=[rules.rule(engine.texts, one, language) for one in permits])]
    found = []
    for code in told.reasons:
        giving = [one for one in known if one.reason and one.reason.code.value == code]
        shown = [rules.rule(engine.texts, one, language) for one in giving]
        if code == ReasonCode.PURPOSE_NOT_PERMITTED:
            shown.append(rules.default(language))
        found.append(_Why(code=code, rules=shown))
    return found
