"""A carrier's https server in a process of its own: it meets challenges, and takes everything else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection

import trustme

from gateway.client import Challenge, Inbox
from tests.handover.carrier import Private
from tests.handover.receiver import Received, Receiver, Said


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where it listens, whom it trusts, and the key that it opens with."""

    url: str
    authority: str
    public_pem: str
    _line: Connection

    def told(self, secret: str, public_key: str) -> None:
        """Give it the gateway's keys; before that it answers nothing."""
        self._line.send((secret, public_key))


@contextmanager
def carrier() -> Iterator[Carrier]:
    """The server, until it is done with."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Carrier(*ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


def _serve(line: Connection) -> None:
    authority, private = trustme.CA(), Private()
    receiver = Receiver(authority)
    line.send((receiver.url(), authority.cert_pem.bytes().decode(), private.public_pem))
    secret, public_key = line.recv()
    inbox = Inbox.of(
        "dachser", secrets=[secret], public_keys=[public_key], private_key=private.secret_pem
    )

    def answer(received: Received) -> Said:
        receiver.received.clear()
        if b"endpoint.challenge" not in received.body:
            return Said(204)
        message = inbox.read(received.headers, received.body)
        return Said(200, body=message.answer) if isinstance(message, Challenge) else Said(401)

    receiver.answer = answer
    line.recv()
