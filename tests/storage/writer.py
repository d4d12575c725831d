"""A process that writes until it is killed, and says what it was told is durable.

Run with the data directory, the database's URL and the first number; each line is an index and the
number that stands there.
"""

import os
import sys
import threading
from itertools import count
from pathlib import Path

from sqlalchemy import insert

from gateway import settings
from gateway.app import assemble
from gateway.audit.entry import Action, Outcome
from gateway.storage.store import Transaction
from gateway.storage.tables import liveness
from gateway.usecases.actors import SERVICE
from gateway.usecases.log.sequence import Sequencer

THREADS = 3


def main(data: Path, url: str, first: int) -> None:
    """Write from several threads, with a sequencer beside them."""
    store = assemble(settings.load({"GATEWAY_DATA": str(data), "GATEWAY_DATABASE": url})).store
    numbers = count(first)

    def write() -> None:
        try:
            while True:
                number = next(numbers)
                index = store.write("default", lambda tx, number=number: work(tx, number))
                os.write(1, f"{index} {number}\n".encode())
        except Exception as fault:  # noqa: BLE001  whatever it is, it must not pass unnoticed
            os.write(1, f"fault {fault!r} {fault.__cause__!r}\n".encode())

    Sequencer(store).start()
    for _ in range(THREADS):
        threading.Thread(target=write).start()


def work(tx: Transaction, number: int) -> int:
    """Stores the number in two pieces, and puts it on record."""
    for half in (0, 1):
        tx.connection.execute(insert(liveness).values(id=2 * number + half, written_at=tx.now))
    return tx.record(SERVICE, Action.ORDER_STORED, Outcome.DONE, request_id=str(number)).index


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
