"""How much is waiting or late at this moment, in numbers; for whoever watches over the service."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.storage import erasure, outbox, tree, verifications
from gateway.usecases.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """`entries` stand on a log but not in its tree yet; `contacts` should be erased already.

    `messages` to carriers wait to be sent; `logs` failed when they were last verified; `keys` counts
    those of the keyring by their use.
    """

    entries: int
    contacts: int
    messages: int
    logs: int
    keys: Mapping[str, int]


def backlog(services: Services) -> Backlog:
    """As it is now; Unavailable where database or keyring does not answer."""
    with services.store.read() as connection:
        return Backlog(
            entries=tree.lag(connection),
            contacts=erasure.overdue(connection, services.store.clock()),
            messages=outbox.length(connection),
            logs=verifications.failing(connection),
            keys=Counter(record.use.value for record in services.keyring.all()),
        )
