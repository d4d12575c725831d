"""Creates merchants, and keeps each one's log up to date on which policy decides."""

import re
from collections.abc import Sequence

from gateway.audit.entry import Action, Outcome
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.storage import merchants
from gateway.storage.merchants import Merchant
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import SERVICE

DEFAULT = "default"
"""The merchant that exists from the start."""

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


def create(store: Store, merchant: str, name: str) -> None:
    """A new merchant; its log begins with its first entry. Conflict when the id is taken."""
    errors: dict[str, list[str]] = {}
    if not _ID.fullmatch(merchant):
        errors["merchant"] = ["1 to 64 lower-case letters, digits and inner hyphens"]
    if not _NAME.fullmatch(name.strip()):
        errors["name"] = ["1 to 200 characters without control characters"]
    if errors:
        raise InvalidInput(errors)
    with store.change() as connection:
        if merchants.exists(connection, merchant):
            raise Conflict(f"there is a merchant {merchant} already")
        merchants.add(connection, merchant, name, store.clock())


def listing(store: Store) -> Sequence[Merchant]:
    """All merchants, by id."""
    with store.read() as connection:
        return merchants.every(connection)


def require(store: Store, merchant: str) -> None:
    """NotFound when there is no such merchant."""
    with store.read() as connection:
        if not merchants.exists(connection, merchant):
            raise NotFound(
                f"there is no merchant {merchant}: gateway merchants list shows who there is"
            )


def note_policy(store: Store, version: str) -> list[str]:
    """Put the policy that decides from now on into each log that knows another; whose logs those were."""
    changed = [one.merchant for one in listing(store) if one.policy != version]

    def work(tx: Transaction) -> None:
        if merchants.set_policy(tx.connection, tx.merchant, version):
            tx.record(SERVICE, Action.POLICY_CHANGED, Outcome.DONE, policy=version)

    for merchant in changed:
        store.write(merchant, work)
    return changed
