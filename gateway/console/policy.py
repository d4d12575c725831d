"""The policy as its readers need it: the rules, what they decide, why that is proved, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from gateway.console import rules
from gateway.console.page import EVERY_OFFICE, Html, Reply, Visit, page
from gateway.console.publishing import pending
from gateway.console.rules import Rule
from gateway.errors import NotFound, Unavailable
from gateway.model.account import Office
from gateway.model.client import Recipient
from gateway.usecases import register
from gateway.usecases.asking import ask
from gateway.usecases.clients import DEFAULT_PURPOSES
from gateway.usecases.people.accounts import actor
from gateway.usecases.publishing import may_approve
from gateway.usecases.rules import about_order, versions
from policies.engine import Engine
from policies.proof import Broken
from policies.question import FACTS, Channel, FactError, Purpose, Question, Role
from policies.table import Row, decision_table
from policies.verdict import Permit

_ASKED_APART = ("role", "purpose")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What was asked, and what the rules say to it."""

    question: Question
    permitted: bool
    rules: Sequence[tuple[str | None, Rule]]


@page("GET", "/policy", access=EVERY_OFFICE, name="policy", place="policy")
def policy(visit: Visit) -> Reply:
    """All of it, and the answer to what was tried."""
    book = visit.services.rulebook
    deciding = book.in_force()
    engine = deciding or book.installed
    proof = book.proof(engine)
    if isinstance(proof, Broken):
        # It was proved before the start: somebody changed the program under it.
        raise Unavailable("policy", str(proof))
    tried, wrong = _tried(visit, engine) if visit.query.keys() - {"done"} else (None, {})
    language = visit.words.language
    return Html(
        template="policy.html",
        values={
            "done": visit.query.get("done", ""),
            "nothing_decides": deciding is None,
            "pending": pending(visit, deciding),
            "approves": may_approve(visit.merchant),
            "version": engine.version,
            "files": _by_file(
                [rules.rule(engine.texts, one, language) for one in engine.policies.values()]
            ),
            "tables": _tables(decision_table(engine)),
            "roles": list(Role),
            "proof": proof,
            "versions": versions(visit.services.store, visit.merchant),
            "short": rules.version,
            "carriers": register.listing(visit.services.store, visit.merchant),
            "purposes": list(Purpose),
            "facts": {name: _choices(name) for name in FACTS if name not in _ASKED_APART},
            "asked": visit.query,
            "tried": tried,
            "wrong": wrong,
            "by_order": visit.account.office is Office.REVIEWER,
        },
        status=422 if wrong else 200,
    )


def _tried(visit: Visit, engine: Engine) -> tuple[_Tried | None, Mapping[str, str]]:
    """The answer; or what does not fit, by field."""
    try:
        question = _question(visit)
    except NotFound:
        return None, {"order": "not_found"}
    except FactError as fault:
        return None, dict.fromkeys(fault.errors, "unknown")
    language = visit.words.language
    verdict = ask(engine, question)
    if isinstance(verdict, Permit):
        rule = rules.rule(engine.texts, engine.policies[verdict.policy], language)
        return _Tried(question=question, permitted=True, rules=[(None, rule)]), {}
    found = [
        (
            reason.code.value,
            rules.rule(engine.texts, engine.policies[reason.policy], language)
            if reason.policy in engine.policies
            else rules.default(language),
        )
        for reason in verdict.reasons
    ]
    return _Tried(question=question, permitted=False, rules=found), {}


def _question(visit: Visit) -> Question:
    query: MultiDict[str, str] = visit.query
    role, _, carrier_id = query.get("who", "").partition(":")
    case = {"role": role, "purpose": query.get("purpose", "")}
    order_number = query.get("order", "").strip()
    if order_number and visit.account.office is Office.REVIEWER:
        meant = Question.parse(case)
        who = Recipient(
            merchant=visit.merchant,
            role=meant.role,
            carrier_id=carrier_id or None,
            purposes=DEFAULT_PURPOSES[meant.role],
        )
        by = actor(visit.account)
        return about_order(visit.services, by, who, order_number, meant.purpose, visit.request_id)
    chosen = {name: query[name] for name in FACTS if query.get(name) and name not in case}
    return Question.parse(case | chosen)


def _choices(name: str) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in FACTS[name]]


def _by_file(found: list[Rule]) -> dict[str, list[Rule]]:
    files: dict[str, list[Rule]] = {}
    for one in found:
        files.setdefault(one.file, []).append(one)
    return files


def _tables(found: tuple[Row, ...]) -> dict[Channel, dict[Purpose, dict[Role, Row]]]:
    tables: dict[Channel, dict[Purpose, dict[Role, Row]]] = {one: {} for one in Channel}
    for row in found:
        tables[row.channel].setdefault(row.purpose, {})[row.role] = row
    return tables
