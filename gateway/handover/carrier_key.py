"""The key that a carrier gave for its own interface: kept sealed beside the keyring, never in the database."""

import re

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, InvalidInput
from gateway.storage.store import Store
from gateway.vault.credentials import CredentialFile

_KEY = "key"
_FORM = re.compile(r"[!-~](?:[ -~]{0,4000}[!-~])?")


def find(credentials: CredentialFile, merchant: str, carrier_id: str) -> str:
    """The key; Conflict when there is none yet."""
    kept = credentials.find(_owner(merchant, carrier_id))
    if kept is None:
        raise Conflict(f"there is no key for {carrier_id}: gateway handover credential")
    return kept[_KEY]


def keep(
    credentials: CredentialFile,
    store: Store,
    asker: Actor,
    merchant: str,
    carrier_id: str,
    key: str,
) -> None:
    """Keep the key in place of the one before, on record; InvalidInput where no header can carry it."""
    if not _FORM.fullmatch(key):
        raise InvalidInput({"key": ["must be one line of visible ASCII characters"]})
    credentials.keep(_owner(merchant, carrier_id), {_KEY: key}, store.clock())
    store.write(
        merchant,
        lambda tx: tx.record(
            asker,
            Action.CARRIER_CHANGED,
            Outcome.DONE,
            carrier=carrier_id,
            detail={"terms": "order_key"},
        ),
    )


def _owner(merchant: str, carrier_id: str) -> str:
    return f"carrier:{merchant}.{carrier_id}"
