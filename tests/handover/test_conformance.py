"""An operator finds out what a carrier's endpoint gets wrong, before any real contact is near it."""

from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from gateway.handover.conformance import examine
from gateway.usecases import register
from tests.handover.pushing import NUMBER, Pushing
from tests.handover.receiver import Received, Said


def findings(pushing: Pushing) -> dict[str, bool]:
    """What holds, by what was tried."""
    destinations = pushing.destinations()
    [dachser] = [it for it in register.listing(pushing.world.store, "default") if it.endpoint]
    destination = destinations.of("default", dachser)
    assert destination is not None
    return {it.tried: it.holds for it in examine(destinations, destination)}


def strict(pushing: Pushing) -> Callable[[Received], Said]:
    """A carrier that answers 401 to what it cannot verify."""

    def answer(received: Received) -> Said:
        try:
            return pushing.carrier.answer(received)
        except WebhookVerificationError:
            return Said(401)

    return answer


def test_a_good_endpoint_holds_throughout(pushing: Pushing) -> None:
    """Line, challenge, forged, stale, taken, taken again; with an invented contact."""
    pushing.receiver.answer = strict(pushing)
    found = findings(pushing)
    assert len(found) == 6
    assert all(found.values()), found
    first, second = pushing.carrier.messages
    assert first.contact["name"] == "Erika Mustermann"
    assert first.message_id == second.message_id
    assert pushing.released() == 0


def test_a_gullible_endpoint_is_found_out(pushing: Pushing) -> None:
    """Who takes what anybody signed is told so."""
    take_all = Said(204)

    def gullible(received: Received) -> Said:
        said = strict(pushing)(received)
        return take_all if said.status == 401 else said

    pushing.receiver.answer = gullible
    failed = [tried for tried, holds in findings(pushing).items() if not holds]
    assert failed == [
        "a message that somebody else signed is refused",
        "a message of an hour ago is refused",
    ]


@pytest.mark.parametrize("says", [Said(200, body=b"{}"), Said(200, body=b"["), Said(404)])
def test_without_the_challenge_nothing_else_is_tried(pushing: Pushing, says: Any) -> None:
    """An endpoint that does not prove itself gets no message at all."""
    pushing.receiver.answer = lambda _: says
    assert list(findings(pushing).values()) == [True, False]
    assert len(pushing.receiver.received) == 1


def test_nobody_there_is_said_to_be_so(pushing: Pushing) -> None:
    """No line, nothing tried."""
    pushing.receiver.close()
    assert list(findings(pushing).values()) == [False]


def test_a_disabled_endpoint_comes_back_by_it(pushing: Pushing) -> None:
    """After 410, meeting the challenge anew is what enables it."""
    pushing.carrier.says = Said(410)
    pushing.order()
    pushing.push()
    pushing.carrier.says = Said(204)
    pushing.receiver.answer = strict(pushing)
    findings(pushing)
    pushing.world.clock.forward(seconds=1)
    pushing.order("secondordr")
    pushing.push()
    last = pushing.carrier.messages[-1]
    assert last.inside["data"]["order_number"] == "secondordr" != NUMBER
