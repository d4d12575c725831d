"""New rules decide once a second person approved them; until then the old ones do, whatever is installed."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, update

from gateway.errors import Conflict, Gone, InvalidInput, NotFound, Unavailable
from gateway.model.account import Account, Office
from gateway.storage.rule_tables import rule_proposals, rule_versions
from gateway.usecases import publishing
from gateway.usecases.people import accounts
from gateway.usecases.release import Refused, Released
from gateway.usecases.services import Services
from policies.changes import changes
from policies.question import Channel, Purpose, Question, Role
from policies.verdict import Permit
from tests.builders import ORDER_NUMBER, an_order
from tests.stricter import Stricter
from tests.world import World

RECALL = Question.best(Role.MAILER, Channel.RELAY, Purpose.RECALL)


@dataclass
class Upgraded:
    """A gateway whose installation brought new rules; `before` is a process that still has the old."""

    world: World
    services: Services
    before: Services
    operator: Account
    reviewer: Account

    def permits(self, services: Services) -> bool:
        """Whether a mailer may send a recall."""
        return isinstance(services.engine.decide(RECALL), Permit)

    def ask(self) -> Released | Refused:
        """The freight contact of an order, by the upgraded gateway."""
        self.world.services = self.services
        return self.world.ask(self.world.client(), ORDER_NUMBER)


@pytest.fixture
def upgraded(world: World, stricter: Stricter) -> Upgraded:
    """An operator and a reviewer; an order with its carrier."""
    world.take_in(an_order())
    world.assign(ORDER_NUMBER)
    return Upgraded(
        world=world,
        services=stricter.upgraded(world.services),
        before=world.services,
        operator=accounts.create(world.store, "default", "operator", Office.OPERATOR),
        reviewer=accounts.create(world.store, "default", "reviewer", Office.REVIEWER),
    )


def test_it_takes_two(upgraded: Upgraded) -> None:
    """Who proposed cannot approve; a second person can. All of it is on record, and decides at once."""
    book, old = upgraded.services.rulebook, upgraded.before.engine.version
    new = book.installed.version
    assert publishing.anything_waits(book)
    proposal = publishing.propose(book, upgraded.operator)
    with pytest.raises(Conflict, match="second person"):
        publishing.confirm(book, upgraded.operator, proposal.proposal_id, new)
    with pytest.raises(Conflict, match="have read"):
        publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, old)
    assert upgraded.permits(upgraded.services)
    assert isinstance(upgraded.ask(), Released)
    publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, new)
    assert not upgraded.permits(upgraded.services)
    assert isinstance(upgraded.ask(), Released)
    assert not publishing.anything_waits(book)
    first, second = [it for it in upgraded.world.log() if it.action == "contact.released"]
    assert (first.policy, second.policy) == (old, new)
    proposed, changed = [it for it in upgraded.world.log() if it.action.startswith("policy.")][1:]
    assert (proposed.action, proposed.actor.id) == (
        "policy.proposed",
        upgraded.operator.account_id,
    )
    assert (changed.action, changed.actor.id, changed.policy) == (
        "policy.changed",
        upgraded.reviewer.account_id,
        new,
    )
    assert changed.detail == {
        "proposal": proposal.proposal_id,
        "proposed_by": upgraded.operator.account_id,
    }


def test_other_processes_follow_within_a_second(upgraded: Upgraded, stricter: Stricter) -> None:
    """One that was installed before decides by the approved text, not by its own files."""
    assert upgraded.permits(upgraded.before)
    stricter.remember(upgraded.world.settings.data)
    book = upgraded.services.rulebook
    proposal = publishing.propose(book, None)
    publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, proposal.version)
    upgraded.world.clock.forward(seconds=1)
    assert not upgraded.permits(upgraded.before)
    assert upgraded.before.engine.version == proposal.version


def test_every_merchants_log_tells_of_it(upgraded: Upgraded) -> None:
    """The rules hold for all; only people of the house that runs the gateway approve them."""
    upgraded.world.merchant("other")
    stranger = accounts.create(upgraded.world.store, "other", "stranger", Office.OPERATOR)
    book = upgraded.services.rulebook
    with pytest.raises(Conflict):
        publishing.propose(book, stranger)
    proposal = publishing.propose(book, upgraded.operator)
    with pytest.raises(Conflict):
        publishing.withdraw(book, stranger, proposal.proposal_id)
    with pytest.raises(Conflict):
        publishing.confirm(book, stranger, proposal.proposal_id, proposal.version)
    publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, proposal.version)
    assert upgraded.world.log("other")[-1].policy == proposal.version


def test_a_proposal_ends(upgraded: Upgraded) -> None:
    """By refusal, on record, or after a week; then there is nothing to approve."""
    book = upgraded.services.rulebook
    refused = publishing.propose(book, upgraded.operator)
    with pytest.raises(Conflict, match="already"):
        publishing.propose(book, upgraded.reviewer)
    publishing.withdraw(book, upgraded.reviewer, refused.proposal_id)
    assert upgraded.world.log()[-1].action == "policy.withdrawn"
    late = publishing.propose(book, upgraded.operator)
    with pytest.raises(NotFound):
        publishing.confirm(book, upgraded.reviewer, refused.proposal_id, refused.version)
    upgraded.world.clock.forward(days=7)
    assert publishing.waiting(book) is None
    with pytest.raises(Gone):
        publishing.confirm(book, upgraded.reviewer, late.proposal_id, late.version)
    assert upgraded.permits(upgraded.services)
    assert publishing.propose(book, upgraded.reviewer).version == late.version


def test_breaking_the_glass_is_called_so(upgraded: Upgraded) -> None:
    """One person at the machine can have the rules decide, with a reason that stays on record."""
    book = upgraded.services.rulebook
    with pytest.raises(InvalidInput):
        publishing.break_glass(book, " ")
    publishing.break_glass(book, "nobody else can be reached")
    assert not upgraded.permits(upgraded.services)
    entry = upgraded.world.log()[-1]
    assert (entry.action, entry.actor.id) == ("policy.changed", "command-line")
    assert entry.detail == {"break_glass": "nobody else can be reached"}
    with pytest.raises(Conflict):
        publishing.break_glass(book, "again")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda texts: (
            texts | {"purposes.cedar": texts["purposes.cedar"].replace("forbid", "permit")}
        ),
        lambda _texts: {},
    ],
)
def test_texts_that_were_tampered_with_decide_nothing(
    upgraded: Upgraded, spoil: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    """Nothing is released, the reason is told, and approving the installed rules mends it."""
    book = upgraded.services.rulebook
    spoilt = json.dumps(spoil(dict(upgraded.before.engine.texts)))
    with upgraded.world.store.change() as connection:
        connection.execute(update(rule_versions).values(texts=spoilt))
    with pytest.raises(Unavailable, match="do not load"):
        upgraded.ask()
    assert book.in_force() is None
    proposal = publishing.propose(book, upgraded.operator)
    with upgraded.world.store.change() as connection:
        connection.execute(update(rule_proposals).values(version="sha256:" + "0" * 64))
    with pytest.raises(Unavailable, match="do not load"):
        publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, proposal.version)
    publishing.withdraw(book, upgraded.reviewer, proposal.proposal_id)
    proposal = publishing.propose(book, upgraded.operator)
    publishing.confirm(book, upgraded.reviewer, proposal.proposal_id, proposal.version)
    assert isinstance(upgraded.ask(), Released)


def test_without_an_approval_nothing_is_decided(upgraded: Upgraded) -> None:
    """The set-up approves what is installed then, once; taking that away opens nothing."""
    with upgraded.world.store.change() as connection:
        connection.execute(delete(rule_versions))
    with pytest.raises(Unavailable, match="gateway init"):
        upgraded.ask()
    publishing.adopt(upgraded.services.rulebook)
    publishing.adopt(upgraded.before.rulebook)
    assert not upgraded.permits(upgraded.services)
    assert upgraded.world.log()[-1].detail == {"approved_by": "set-up"}


def test_what_changes_is_told_case_by_case(upgraded: Upgraded, stricter: Stricter) -> None:
    """Without and with one fact against it; rules that answer alike change nothing."""
    before = upgraded.before.engine
    found = changes(before, stricter.rules)
    assert found[0].question == RECALL
    assert {(it.question.role, it.question.purpose) for it in found} == {("mailer", "recall")}
    assert {it.against for it in found} >= {None, "erased"}
    assert changes(before, before) == ()
