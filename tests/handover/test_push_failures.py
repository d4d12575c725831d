"""A push that fails is tried again, in order and at least once, whatever breaks or is killed on the way."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme

from gateway.audit.entry import Action
from gateway.handover.destination import Destinations
from gateway.handover.line import Line
from gateway.handover.push import LEASE, Pusher
from gateway.model.message import Fate
from gateway.usecases import outbox, register
from tests.builders import (
    a_freight_item,
    an_order,
    order_number,
)
from tests.handover.carrier import Private
from tests.handover.pushing import NUMBER, Pushing
from tests.handover.receiver import Said
from tests.world import TESTER


def test_what_was_not_taken_is_tried_again(pushing: Pushing) -> None:
    """Under the same id, a moment later; each attempt that carried the contact is on record."""
    pushing.carrier.says = Said(500)
    pushing.order()
    pushing.push()
    [waiting] = pushing.messages()
    assert (waiting.fate, waiting.attempts, waiting.outcome) == (Fate.WAITING, 1, "500")
    assert timedelta(seconds=4) <= waiting.due_at - pushing.world.clock.now <= timedelta(seconds=6)
    pushing.carrier.says = Said(204)
    pushing.world.clock.forward(seconds=7)
    pushing.push()
    first, second = pushing.carrier.messages
    assert first.message_id == second.message_id
    assert pushing.released() == 2


def test_retry_after_is_honoured(pushing: Pushing) -> None:
    """The carrier says when it wants to hear of it again."""
    pushing.carrier.says = Said(503, {"Retry-After": "3600"})
    pushing.order()
    pushing.push()
    [waiting] = pushing.messages()
    assert waiting.due_at == pushing.world.clock.now + timedelta(hours=1)


def test_an_unreachable_endpoint_releases_nothing(pushing: Pushing) -> None:
    """No connection, no contact: attempts are counted, but no release is on record."""
    pushing.receiver.close()
    pushing.order()
    for _ in range(4):
        pushing.push()
        pushing.world.clock.forward(minutes=10)
    [waiting] = pushing.messages()
    assert (waiting.attempts, waiting.outcome) == (4, "unreachable")
    assert pushing.released() == 0


def test_after_a_day_a_message_is_dead_and_can_be_replayed(pushing: Pushing) -> None:
    """Visible, left alone, and sent anew when somebody says so."""
    pushing.carrier.says = Said(500)
    pushing.order()
    pushing.push()
    pushing.receiver.answer = lambda _: Said(500)
    for _ in range(100):
        pushing.world.clock.forward(hours=1)
        pushing.push()
    [dead] = pushing.messages(Fate.DEAD)
    assert dead.outcome == "500"
    assert 8 <= dead.attempts <= 16
    assert len(pushing.receiver.received) == dead.attempts + 1

    pushing.world.clock.now = datetime.now(UTC)
    pushing.carrier.says = Said(204)
    pushing.receiver.answer = pushing.carrier.answer
    assert outbox.replay(pushing.world.store, "default", TESTER, [dead.message_id]) == 1
    assert outbox.replay(pushing.world.store, "default", TESTER, [dead.message_id]) == 0
    pushing.push()
    assert pushing.messages()[0].fate is Fate.DELIVERED


def test_gone_disables_the_endpoint(pushing: Pushing) -> None:
    """410: what waits is dead, what comes is dead at once, until the endpoint proves itself anew."""
    pushing.carrier.says = Said(410)
    for count in range(3):
        pushing.order(order_number(count))
    pushing.push()
    assert len(pushing.carrier.messages) == 1
    dead = [(it.outcome, it.attempts) for it in pushing.messages(Fate.DEAD)]
    assert dead == [("endpoint_disabled", 0), ("endpoint_disabled", 0), ("410", 1)]
    assert pushing.world.said().count("endpoint.disabled") == 1
    pushing.carrier.says = Said(204)
    pushing.order(order_number(3))
    pushing.push()
    assert (len(pushing.carrier.messages), len(pushing.messages(Fate.DEAD))) == (1, 4)

    [dachser] = [it for it in register.listing(pushing.world.store, "default") if it.endpoint]
    destinations = pushing.destinations()
    destination = destinations.of("default", dachser)
    assert destination is not None
    line = pushing.outbound.dial(destination.url)
    assert isinstance(line, Line)
    with line:
        assert destinations.prove(destination, line)
    dead = [it.message_id for it in pushing.messages(Fate.DEAD)]
    assert outbox.replay(pushing.world.store, "default", TESTER, dead) == 4
    pushing.push()
    assert len(pushing.messages(Fate.DELIVERED)) == 4


def test_a_failing_endpoint_holds_nobody_else_up(pushing: Pushing) -> None:
    """It is left in peace for a while, and so are the messages behind the one that failed."""
    pushing.carrier.says = Said(503)
    for count in range(30):
        pushing.order(order_number(count))
    pushing.push()
    assert len(pushing.carrier.messages) == 1
    assert sorted({it.attempts for it in pushing.messages()}) == [0, 1]
    pushing.carrier.says = Said(204)
    pushing.world.clock.forward(seconds=10)
    pushing.push()
    assert len(pushing.messages(Fate.DELIVERED)) == 30


def test_messages_of_one_order_keep_their_order(pushing: Pushing) -> None:
    """A later message waits until the earlier one is settled, also when that one has to wait."""
    pieces = [a_freight_item("f0"), a_freight_item("f1")]
    pushing.world.take_in(an_order(positionItems=pieces))
    pushing.carrier.says = Said(500)
    pushing.world.assign(NUMBER, consignment="D-1", item_ids=["f0"])
    pushing.push()
    pushing.world.assign(NUMBER, consignment="D-2", item_ids=["f1"])
    pushing.push()
    assert len(pushing.carrier.messages) == 1
    pushing.carrier.says = Said(204)
    pushing.world.clock.forward(seconds=10)
    pushing.push()
    sent = [it.inside["data"]["consignment"] for it in pushing.carrier.messages]
    assert sent == ["D-1", "D-1", "D-2"]


def test_two_senders_never_have_the_same_message(pushing: Pushing) -> None:
    """What one has taken is the other's only after the lease."""
    for count in range(5):
        pushing.order(order_number(count))
    first, second = pushing.pusher(), pushing.pusher()
    assert len(first._claim()) == 5
    assert second._claim() == []
    pushing.world.clock.forward(seconds=LEASE.total_seconds())
    assert len(second._claim()) == 5


# ---- Killed anywhere ----------------------------------------------------------------------------


class KilledError(BaseException):
    """The process is gone."""


class Fuse:
    """Kills at its n-th step."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call before and after which it may be over."""

        def stepped(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = call(*arguments, **named)
            self.step()
            return result

        return stepped


class Mortal:
    """Passes everything on to `whole`; the calls named are steps at which it may be over."""

    def __init__(self, whole: Any, fuse: Fuse, *calls: str) -> None:
        self._whole, self._fuse, self._calls = whole, fuse, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        return self._fuse.around(found) if name in self._calls else found


class MortalOutbound(Mortal):
    """Also its lines may break at any step."""

    def dial(self, url: str) -> Any:
        self._fuse.step()
        line = self._whole.dial(url)
        assert isinstance(line, Line)
        try:
            self._fuse.step()
        except KilledError:
            line.close()  # as the system does for a process that is gone
            raise
        line.post = self._fuse.around(line.post)
        return line


def test_a_sender_may_die_at_any_step(pushing: Pushing) -> None:
    """Before and after each transaction and each word on the wire: the message arrives all the same.

    And whatever arrived is on record.
    """
    services, died = pushing.world.services, 0
    for steps in range(1, 200):
        number = order_number(steps)
        pushing.carrier = pushing.registered(Private())
        pushing.order(number)
        fuse = Fuse(steps)
        store = Mortal(services.store, fuse, "read", "change", "write")
        release = type(services.release)(
            store, services.rulebook, services.opener, services.settings.deadlines
        )
        outbound = MortalOutbound(pushing.outbound, fuse)
        destinations = Destinations(store, services.keyring, outbound, services.settings.origin)
        pusher = Pusher(store, release, destinations, services.settings.deadlines)
        try:
            while pusher():
                pass
        except KilledError:
            died += 1
        else:
            break
        pushing.world.clock.forward(seconds=LEASE.total_seconds())
        pushing.push()
        arrived = [it.inside["data"]["order_number"] for it in pushing.carrier.messages]
        assert set(arrived) == {number}
        assert pushing.messages()[0].fate is Fate.DELIVERED
        subject = pushing.world.kept(number).subject
        releases = [
            it
            for it in pushing.world.log()
            if it.action is Action.CONTACT_RELEASED and it.subject == subject
        ]
        assert len(releases) >= len(arrived)
        pushing.world.clock.now = datetime.now(UTC)
    assert died > 20


def test_a_killed_process_loses_nothing(
    pushing: Pushing, authority: trustme.CA, tmp_path: Path
) -> None:
    """SIGKILL while the carrier reads: the next process sends the same message again."""
    pushing.order()
    pushing.push()
    pushing.order(order_number(1))
    settings = pushing.world.settings
    pem = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(pem))

    def sender(ahead: float) -> subprocess.Popen[bytes]:
        script = [sys.executable, "-m", "tests.handover.sender", str(pem), str(settings.data)]
        return subprocess.Popen([*script, settings.database_url, str(ahead)])

    answer = pushing.carrier.answer

    def kill(received: Any) -> Said:
        said = answer(received)
        first.kill()
        first.wait()
        return said

    pushing.receiver.answer = kill
    first = sender(0)
    assert first.wait(60) == -signal.SIGKILL
    assert pushing.messages()[0].fate is Fate.WAITING
    pushing.receiver.answer = answer
    assert sender(LEASE.total_seconds()).wait(60) == 0
    assert pushing.messages()[0].fate is Fate.DELIVERED
    _, lost, again = pushing.carrier.messages
    assert lost.message_id == again.message_id
    assert pushing.released() == 3
