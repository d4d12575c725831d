"""New rules by two people: one proposes the installed ones, another approves; till then the old decide.

Each step is on record. Nobody approves alone, except by an act that is called breaking the glass.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, Gone, InvalidInput, NotFound, Unavailable
from gateway.model.account import Account
from gateway.model.times import rfc3339
from gateway.storage import merchants as kept_merchants
from gateway.storage import rule_versions
from gateway.storage.rule_versions import Proposal
from gateway.storage.store import Transaction
from gateway.usecases.actors import OPERATOR, SERVICE
from gateway.usecases.merchants import DEFAULT, note_policy
from gateway.usecases.people.accounts import actor
from gateway.usecases.rulebook import Rulebook, loaded
from policies.engine import Engine
from policies.errors import PolicyError
from policies.proof import Broken, Proof

LIFE = timedelta(days=7)
"""How long proposed rules wait for a second person, as an erasure does."""

_REASON = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Rules that do not decide yet, with their proof; `proposal` is None until somebody proposes them."""

    rules: Engine
    proof: Proof
    proposal: Proposal | None


def may_approve(merchant: str) -> bool:
    """Whether people of this merchant answer for the rules: they hold for every merchant alike."""
    return merchant == DEFAULT


def adopt(rulebook: Rulebook) -> None:
    """Have the installed rules decide where none were ever approved: at the set-up, on record."""

    def work(tx: Transaction) -> None:
        if rule_versions.newest(tx.connection) is None:
            _publish(tx, SERVICE, rulebook.installed, {"approved_by": "set-up"}, None)

    with rulebook.store.read() as connection:
        if rule_versions.newest(connection) is not None:
            return
    rulebook.store.write(DEFAULT, work)
    rulebook.look_again()


def waiting(rulebook: Rulebook) -> Proposal | None:
    """The proposal that still counts."""
    with rulebook.store.read() as connection:
        found = rule_versions.proposal(connection)
    return found if found and rulebook.store.clock() < found.ends_at else None


def anything_waits(rulebook: Rulebook) -> bool:
    """Whether rules are proposed, or installed without being approved."""
    return waiting(rulebook) is not None or not _decides(rulebook, rulebook.installed.version)


def candidate(rulebook: Rulebook) -> Candidate | None:
    """What is proposed, else what is installed, where it is not what decides. Unavailable as `confirm`."""
    proposal = waiting(rulebook)
    if proposal is None and _decides(rulebook, rulebook.installed.version):
        return None
    rules = rulebook.installed if proposal is None else _checked(rulebook, proposal)
    return Candidate(rules=rules, proof=_proven(rulebook, rules), proposal=proposal)


def propose(rulebook: Rulebook, account: Account | None, request_id: str | None = None) -> Proposal:
    """Propose the installed rules; `account` is None for whoever does so at the machine itself.

    Conflict while a proposal waits, where these rules decide already, or for another merchant's people.
    """
    _check_house(account)
    installed = rulebook.installed

    def work(tx: Transaction) -> Proposal:
        if rule_versions.newest(tx.connection) == installed.version:
            raise Conflict("the installed rules decide already")
        earlier = rule_versions.proposal(tx.connection)
        if earlier is not None and tx.now < earlier.ends_at:
            raise Conflict("rules were proposed already, and wait for a second person")
        made = Proposal(
            proposal_id=tx.new_id(),
            version=installed.version,
            texts=installed.texts,
            asked_by=account.account_id if account else None,
            asked_by_name=account.name if account else None,
            asked_at=tx.now,
            ends_at=tx.now + LIFE,
        )
        rule_versions.propose(tx.connection, made)
        _record(tx, account, Action.POLICY_PROPOSED, made, request_id)
        return made

    return rulebook.store.write(DEFAULT, work)


def confirm(
    rulebook: Rulebook,
    account: Account,
    proposal_id: str,
    version: str,
    request_id: str | None = None,
) -> None:
    """Have the rules decide that somebody else proposed and that `account` has read as `version`.

    NotFound; Gone when the proposal is over; Conflict for whoever proposed, and where the version is
    another; Unavailable where the texts are not the proposed ones, or the proof does not hold of them.
    """
    _check_house(account)
    # Before the transaction: proving takes seconds.
    known = waiting(rulebook)
    if known is not None and known.proposal_id == proposal_id:
        _proven(rulebook, _checked(rulebook, known))

    def work(tx: Transaction) -> None:
        proposal = _waiting(tx, proposal_id)
        if proposal.asked_by == account.account_id:
            raise Conflict("who proposed rules does not approve them: it takes a second person")
        if proposal != known or proposal.version != version:
            raise Conflict("these are not the rules that you have read")
        detail = {
            "proposal": proposal.proposal_id,
            "proposed_by": proposal.asked_by or OPERATOR.id,
        }
        _publish(tx, actor(account), _checked(rulebook, proposal), detail, request_id)

    rulebook.store.write(DEFAULT, work)
    _follow(rulebook)


def withdraw(
    rulebook: Rulebook, account: Account, proposal_id: str, request_id: str | None = None
) -> None:
    """Refuse a proposal or take it back, whoever made it; NotFound, Gone, Conflict as in `confirm`."""
    _check_house(account)

    def work(tx: Transaction) -> None:
        proposal = _waiting(tx, proposal_id)
        rule_versions.drop(tx.connection)
        _record(tx, account, Action.POLICY_WITHDRAWN, proposal, request_id)

    rulebook.store.write(DEFAULT, work)


def break_glass(rulebook: Rulebook, reason: str, request_id: str | None = None) -> None:
    """Have the installed rules decide on the word of one person at the machine, who says why.

    InvalidInput for no reason; Conflict where these rules decide already.
    """
    if not _REASON.fullmatch(reason.strip()):
        raise InvalidInput({"reason": ["one line of 1 to 200 characters, which stays on record"]})

    def work(tx: Transaction) -> None:
        if rule_versions.newest(tx.connection) == rulebook.installed.version:
            raise Conflict("the installed rules decide already")
        detail = {"break_glass": reason.strip()}
        _publish(tx, OPERATOR, rulebook.installed, detail, request_id)

    rulebook.store.write(DEFAULT, work)
    _follow(rulebook)


def _publish(
    tx: Transaction, by: Actor, rules: Engine, detail: dict[str, str], request_id: str | None
) -> None:
    rule_versions.approve(tx.connection, rules.version, rules.texts, tx.now)
    rule_versions.drop(tx.connection)
    kept_merchants.set_policy(tx.connection, tx.merchant, rules.version)
    tx.record(
        by,
        Action.POLICY_CHANGED,
        Outcome.DONE,
        policy=rules.version,
        request_id=request_id,
        detail=detail,
    )


def _follow(rulebook: Rulebook) -> None:
    """Tell it to this process, and to the logs of the other merchants."""
    rulebook.look_again()
    note_policy(rulebook.store, rulebook.deciding().version)


def _decides(rulebook: Rulebook, version: str) -> bool:
    with rulebook.store.read() as connection:
        return rule_versions.newest(connection) == version


def _checked(rulebook: Rulebook, proposal: Proposal) -> Engine:
    """The proposed rules, if they are what their version names."""
    if proposal.version == rulebook.installed.version:
        return rulebook.installed
    try:
        return loaded(proposal.version, proposal.texts)
    except PolicyError as fault:
        raise Unavailable("policy", f"the proposed rules do not load: {fault}") from fault


def _proven(rulebook: Rulebook, rules: Engine) -> Proof:
    proof = rulebook.proof(rules)
    if isinstance(proof, Broken):
        raise Unavailable("policy", str(proof))
    return proof


def _check_house(account: Account | None) -> None:
    if account is not None and not may_approve(account.merchant):
        raise Conflict(f"the rules hold for every merchant: people of {DEFAULT} approve them")


def _waiting(tx: Transaction, proposal_id: str) -> Proposal:
    proposal = rule_versions.proposal(tx.connection)
    if proposal is None or proposal.proposal_id != proposal_id:
        raise NotFound(f"there is no proposal {proposal_id}")
    if tx.now >= proposal.ends_at:
        raise Gone("the proposal waited for a second person for too long; propose again")
    return proposal


def _record(
    tx: Transaction,
    account: Account | None,
    action: Action,
    proposal: Proposal,
    request_id: str | None,
) -> None:
    tx.record(
        actor(account) if account else OPERATOR,
        action,
        Outcome.DONE,
        policy=proposal.version,
        request_id=request_id,
        detail={"proposal": proposal.proposal_id, "until": rfc3339(proposal.ends_at)},
    )
