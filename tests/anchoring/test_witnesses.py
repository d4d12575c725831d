"""Witnesses cosign what only grows; one that is away, slow or false changes nothing but that."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Response
from sqlalchemy import select, update

from gateway.anchoring import sending
from gateway.anchoring.anchoring import Anchoring, Round
from gateway.anchoring.messenger import Messenger
from gateway.anchoring.sending import Sender
from gateway.audit.checkpoint import Checkpoint, cosigned_by, open_checkpoint
from gateway.audit.merkle import EMPTY_ROOT
from gateway.audit.note import Algorithm, Note, Signer
from gateway.audit.proof import LoggedProof, Verified, verify_receipt
from gateway.audit.verdict import LogFault, LogReport
from gateway.errors import NotFound
from gateway.storage.tables import anchors, checkpoints
from gateway.usecases.log import publish
from gateway.usecases.log.receipts import receipt
from gateway.usecases.log.verify import verify
from gateway.usecases.release import Released
from tests.anchoring.places import ORIGIN, anchored, grow, turn, under
from tests.anchoring.witness import Witness
from tests.builders import order_number
from tests.world import World


@pytest.fixture
def second(world: World, witness: Witness) -> Iterator[Witness]:
    """Another witness that knows the log."""
    found = Witness(world.clock, "witness.example/w2", dict(witness.logs))
    yield found
    found.stop()


def test_a_witness_cosigns_each_checkpoint_once(world: World, witness: Witness) -> None:
    """Its line stands in the note that is served; without growth it is not asked again."""
    services = under(world, witness)
    assert turn(services) == Round(confirmed=1)
    note = publish.checkpoint(world.store, "default", None)
    [cosigned] = cosigned_by(note, [witness.signer.verifier])
    assert cosigned.time == int(world.clock().timestamp())
    assert open_checkpoint(note, witness.logs[ORIGIN]) == witness.seen[ORIGIN]
    for number in range(3):
        grow(world, number)
        assert turn(services) == Round(confirmed=1)
    assert witness.seen[ORIGIN].size == len(world.log())
    assert turn(services) == Round()
    assert witness.asked == 4


def test_verification_tells_up_to_where_and_since_when(world: World, witness: Witness) -> None:
    """Also while the log has grown on; without a witness it says that there is none."""
    services = under(world, witness)
    [verdict] = verify(world.store, "default", [], quorum=services.quorum)
    assert verdict.witnessed is None
    turn(services)
    size, at = len(world.log()), world.clock()
    world.clock.forward(minutes=5)
    grow(world, 1)
    [verdict] = verify(world.store, "default", [], quorum=services.quorum)
    assert isinstance(verdict.outcome, LogReport)
    assert verdict.witnessed is not None
    assert (verdict.witnessed.size, verdict.witnessed.at) == (size, at)
    assert verdict.witnessed.names == (witness.name,)
    served = publish.witnessed(world.store, "default", None, services.quorum)
    assert served == verdict.witnessed.note


def test_a_quorum_takes_as_many_as_it_says(world: World, witness: Witness, second: Witness) -> None:
    """One of two is too few; what both cosigned counts on while one of them is away."""
    services = under(world, witness, second, quorum=2)
    turn(services)
    with pytest.raises(NotFound, match="witnessed"):
        publish.witnessed(world.store, "default", None, services.quorum)
    turn(services, 1)
    both = publish.witnessed(world.store, "default", None, services.quorum)
    known = [witness.signer.verifier, second.signer.verifier]
    assert [one.witness for one in cosigned_by(both, known)] == [witness.name, second.name]
    second.stop()
    grow(world, 1)
    assert turn(services) == Round(confirmed=1)
    assert turn(services, 1) == Round(outcome="unreachable")
    assert publish.witnessed(world.store, "default", None, services.quorum) == both
    second.start()
    assert turn(services, 1) == Round(confirmed=1)
    assert publish.witnessed(world.store, "default", None, services.quorum) != both


def test_a_receipt_bears_the_cosignature_that_covers_it(world: World, witness: Witness) -> None:
    """Entries that are younger than it have the newest checkpoint, as before."""
    services = under(world, witness)
    grow(world, 1)
    turn(services)
    covered = world.log()[-1]
    grow(world, 2)
    vkey = publish.verifier_key(world.store, "default", None)
    for entry, names in ((covered, 1), (world.log()[-1], 0)):
        found = receipt(world.store, "default", entry.id, None)
        assert isinstance(verify_receipt(found.leaf, found.proof, vkey), Verified)
        note = LoggedProof.parse(found.proof).checkpoint
        assert len(cosigned_by(note, [witness.signer.verifier])) == names


def test_a_witness_that_has_another_size_than_our_books_is_met(
    world: World, witness: Witness
) -> None:
    """It names the size that it has (409), and gets the proof from there: our books may be lost."""
    services = under(world, witness)
    turn(services)
    grow(world, 1)
    with world.store.change() as connection:
        connection.execute(anchors.delete())
    assert turn(services) == Round(confirmed=1)
    assert witness.asked == 3
    witness.seen.clear()
    grow(world, 2)
    assert turn(services) == Round(confirmed=1)
    assert witness.seen[ORIGIN].size == len(world.log())


def test_a_witness_that_saw_more_than_there_is_shows_that_the_log_was_cut(
    world: World, witness: Witness
) -> None:
    """As it does with another tree of the same or of a smaller size."""
    services = under(world, witness)
    size = len(world.log())
    witness.seen[ORIGIN] = Checkpoint(ORIGIN, size + 1, bytes(32))
    assert turn(services) == Round(outcome="ahead")
    witness.seen[ORIGIN] = Checkpoint(ORIGIN, size, bytes(32))
    assert turn(services) == Round(outcome="contradiction")
    witness.seen[ORIGIN] = Checkpoint(ORIGIN, 2, bytes(32))
    assert turn(services) == Round(outcome="contradiction")
    assert anchored(world) == {"witness w1": (0, "contradiction")}


def lies(witness: Witness) -> dict[str, tuple[Any, str]]:
    """Answers that are no cosignature of what was sent, and what they are taken for."""
    other = Signer(witness.name, Algorithm.COSIGNATURE_V1, b"x" * 32)
    stranger = Signer("witness.example/w9", Algorithm.COSIGNATURE_V1, b"x" * 32)
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()

    def text(body: bytes) -> str:
        return Note.parse(body.partition(b"\n\n")[2]).text

    def late(body: bytes) -> Response:
        time = witness.clock() - timedelta(hours=2)
        return Response(witness.signer.cosign(text(body), int(time.timestamp())).line())

    return {
        "another key's": (lambda it: Response(other.cosign(text(it), 1).line()), "signature"),
        "a stranger's": (lambda it: Response(stranger.cosign(text(it), 1).line()), "signature"),
        "of another checkpoint": (lambda _: witness.cosigned(empty), "signature"),
        "of another time": (late, "clock"),
        "nothing": (lambda _: Response(""), "signature"),
        "no text": (lambda _: Response(b"\xff\xfe\n"), "signature"),
        "too much": (lambda _: Response("x" * 300_000), "size"),
        "no size": (lambda _: Response("many\n", 409), "answer"),
        "the size it was told of": (
            lambda it: Response(it.removeprefix(b"old ").split(b"\n")[0] + b"\n", 409),
            "answer",
        ),
        "ever another size": (lambda _: Response(f"{witness.asked % 2 + 1}\n", 409), "409"),
        "a redirect": (lambda _: Response(status=307, headers={"Location": "/"}), "307"),
        "a stranger's log": (lambda _: Response(status=404), "404"),
        "a fault": (lambda _: Response(status=500), "500"),
    }


def test_what_a_false_witness_says_is_not_kept(world: World, witness: Witness) -> None:
    """Whatever it answers: the note stays as it was, the outcome says why, and the truth counts."""
    services = under(world, witness)
    before = publish.checkpoint(world.store, "default", None)
    for name, (answer, outcome) in lies(witness).items():
        witness.answer = answer
        assert turn(services) == Round(outcome=outcome), name
        assert publish.checkpoint(world.store, "default", None) == before, name
    witness.answer = witness.add_checkpoint
    assert turn(services) == Round(confirmed=1)


def test_a_slow_witness_holds_up_neither_appends_nor_releases(
    world: World, witness: Witness
) -> None:
    """While it has the checkpoint in hand, orders come in and contacts go out."""
    services = under(world, witness)
    taken, go_on = threading.Event(), threading.Event()

    def slow(body: bytes) -> Response:
        taken.set()
        go_on.wait(30)
        return witness.add_checkpoint(body)

    witness.answer = slow
    messenger = Messenger(Anchoring.over(services, Sender()), "test")
    messenger.start()
    try:
        assert taken.wait(30)
        grow(world, 1)
        world.assign(order_number(1))
        assert isinstance(world.ask(world.client(), order_number(1)), Released)
    finally:
        go_on.set()
    tick = threading.Event()
    for _ in range(2000):
        if anchored(world).get("witness w1", (0, ""))[1] == "confirmed":
            break
        tick.wait(0.01)
    messenger.stop()
    assert anchored(world)["witness w1"][1] == "confirmed"


def test_a_witness_that_never_ends_its_answer_is_left_in_time(
    world: World, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when its bytes come one by one."""
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    go_on = threading.Event()

    def drop(_body: bytes) -> Response:
        def pieces() -> Iterator[bytes]:
            while not go_on.wait(0.05):
                yield b"x"

        return Response(pieces())

    witness.answer = drop
    try:
        assert turn(under(world, witness)) == Round(outcome="time")
    finally:
        go_on.set()


def test_only_one_process_is_at_a_place(world: World, witness: Witness) -> None:
    """Another one that comes meanwhile leaves it alone; the next turn comes when it is due."""
    services = under(world, witness)
    anchoring = Anchoring.over(services, Sender())
    [place] = anchoring.places
    others: list[Round] = []

    def answer(body: bytes) -> Response:
        others.append(anchoring.turn(place, "another", only_due=False))
        return witness.add_checkpoint(body)

    witness.answer = answer
    assert anchoring.turn(place, "one", only_due=True) == Round(confirmed=1)
    assert others == [Round(is_busy=True)]
    assert anchoring.turn(place, "one", only_due=True) == Round(is_busy=True)
    world.clock.forward(minutes=1)
    assert anchoring.turn(place, "one", only_due=True) == Round()


def test_a_spoilt_cosignature_is_found(world: World, witness: Witness) -> None:
    """In the stored note: the log's own part is sound, and the fault says what is not."""
    services = under(world, witness)
    turn(services)
    note = publish.checkpoint(world.store, "default", None)
    parsed = Note.parse(note)
    log, line = parsed.signatures
    spoilt = type(line)(line.name, line.key_id, line.data[:-1] + bytes([line.data[-1] ^ 1]))
    false = Note(parsed.text, (log, spoilt)).encode()
    with world.store.change() as connection:
        size = witness.seen[ORIGIN].size
        connection.execute(update(checkpoints).where(checkpoints.c.size == size).values(note=false))
        assert connection.execute(select(checkpoints).where(checkpoints.c.size == size)).first()
    [verdict] = verify(world.store, "default", [], quorum=services.quorum)
    assert isinstance(verdict.outcome, LogFault)
    assert verdict.outcome.place == "cosigned checkpoint"
