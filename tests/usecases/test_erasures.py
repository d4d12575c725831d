"""One asks for an erasure, another confirms it; what each did stays on record."""

import pytest

from gateway.audit.encoding import decode_base64
from gateway.audit.proof import Verified, verify_receipt
from gateway.errors import Conflict, Gone, InvalidInput, NotFound
from gateway.model.account import Account, Office
from gateway.usecases import erasures, forget
from gateway.usecases.people import accounts
from gateway.usecases.reports.erasure import erasure
from tests.builders import ORDER_NUMBER, an_order
from tests.world import TESTER, World

REASON = "letter of 2026-11-20"


@pytest.fixture
def people(world: World) -> tuple[Account, Account]:
    """An operator and a reviewer; and an order whose contact was released."""
    world.take_in(an_order())
    world.assign(ORDER_NUMBER)
    world.ask(world.client(), ORDER_NUMBER)
    return (
        accounts.create(world.store, "default", "operator", Office.OPERATOR),
        accounts.create(world.store, "default", "reviewer", Office.REVIEWER),
    )


def test_it_takes_two(world: World, people: tuple[Account, Account]) -> None:
    """Whoever asked cannot confirm; another person can, and both stand on record."""
    operator, reviewer = people
    subject = world.kept(ORDER_NUMBER).subject
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    with pytest.raises(Conflict, match="second person"):
        erasures.confirm(world.store, operator, request.request_id)
    assert world.kept(ORDER_NUMBER).subject == subject
    erased = erasures.confirm(world.store, reviewer, request.request_id)
    assert world.kept(ORDER_NUMBER).subject is None
    assert erasures.waiting(world.store, "default") == []
    asked, done = [it for it in world.log() if it.action.startswith(("erasure.", "subject."))]
    assert (asked.action, asked.actor.id, asked.subject) == (
        "erasure.requested",
        operator.account_id,
        subject,
    )
    assert (done.id, done.actor.id) == (erased.entry_id, reviewer.account_id)
    assert done.detail == {
        "reason": REASON,
        "request": request.request_id,
        "requested_by": operator.account_id,
    }


def test_the_proof_names_both_and_whom_to_tell(
    world: World, people: tuple[Account, Account]
) -> None:
    """Anybody with the log's key can check its receipt; the order is not in it."""
    operator, reviewer = people
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    erased = erasures.confirm(world.store, reviewer, request.request_id)
    made = erasure(world.store, "default", TESTER, erased.entry_id)
    content = made.content
    assert (content.requested_by, content.erased_by) == ("operator", "reviewer")
    assert [it.carrier_name for it in content.recipients] == ["Dachser"]
    verdict = verify_receipt(decode_base64(content.entry), content.proof, made.basis.vkey)
    assert isinstance(verdict, Verified)
    assert verdict.entry.id == erased.entry_id
    assert ORDER_NUMBER not in repr(made)
    with pytest.raises(NotFound):
        erasure(world.store, "default", TESTER, world.log()[0].id)


def test_a_request_waits_for_a_week(world: World, people: tuple[Account, Account]) -> None:
    """Then it counts no more, and may be made anew."""
    operator, reviewer = people
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    with pytest.raises(Conflict):
        erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    world.clock.forward(days=7)
    assert erasures.waiting(world.store, "default") == []
    with pytest.raises(Gone):
        erasures.confirm(world.store, reviewer, request.request_id)
    again = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    with pytest.raises(NotFound):
        erasures.confirm(world.store, reviewer, request.request_id)
    erasures.confirm(world.store, reviewer, again.request_id)


def test_a_request_is_taken_back_on_record(world: World, people: tuple[Account, Account]) -> None:
    """By whoever; then there is nothing to confirm."""
    operator, reviewer = people
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    erasures.withdraw(world.store, reviewer, request.request_id)
    assert world.log()[-1].action == "erasure.withdrawn"
    with pytest.raises(NotFound):
        erasures.confirm(world.store, reviewer, request.request_id)
    assert world.kept(ORDER_NUMBER).subject is not None


def test_an_erasure_from_the_machine_ends_the_request(
    world: World, people: tuple[Account, Account]
) -> None:
    """Nothing of the order is left to wait; the proof says that there was no second person."""
    operator, reviewer = people
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    erased = forget.erase(world.store, "default", TESTER, ORDER_NUMBER, REASON)
    assert erasures.waiting(world.store, "default") == []
    with pytest.raises(NotFound):
        erasures.confirm(world.store, reviewer, request.request_id)
    assert erasure(world.store, "default", TESTER, erased.entry_id).content.requested_by is None
    assert [it.entry_id for it in erasures.done(world.store, "default")] == [erased.entry_id]


def test_what_does_not_fit_is_not_asked_for(world: World, people: tuple[Account, Account]) -> None:
    """A reason that tells who, an order that is not there, another merchant's request."""
    operator, _ = people
    with pytest.raises(InvalidInput):
        erasures.ask(world.store, operator, ORDER_NUMBER, f"order {ORDER_NUMBER}")
    with pytest.raises(NotFound):
        erasures.ask(world.store, operator, "x", REASON)
    request = erasures.ask(world.store, operator, ORDER_NUMBER, REASON)
    world.merchant("other")
    stranger = accounts.create(world.store, "other", "stranger", Office.OPERATOR)
    with pytest.raises(NotFound):
        erasures.confirm(world.store, stranger, request.request_id)
