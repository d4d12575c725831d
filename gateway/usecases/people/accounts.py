"""Makes, lists and ends the accounts of the console, and gives the links that open one once."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta

from gateway.audit.entry import Action, Actor, Outcome
from gateway.errors import Conflict, InvalidInput, NotFound
from gateway.model.account import Account, Office
from gateway.model.ids import Entropy
from gateway.storage import accounts, openid_bindings, sessions
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import OPERATOR
from gateway.usecases.clients import check_registered

LINK = "link"
LINK_LIFE = timedelta(hours=1)
"""How long a sign-in link waits to be used."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?")


def create(
    store: Store, merchant: str, name: str, office: Office, carrier_id: str | None = None
) -> Account:
    """A new account, which only a sign-in link opens until its owner set up more.

    A carrier's account needs its carrier. InvalidInput for a name or a carrier that does not fit;
    Conflict when the name is taken, by whatever merchant's.
    """
    plain = folded(name)
    if not _NAME.fullmatch(plain):
        raise InvalidInput(
            {"name": ["1 to 100 letters, digits or inner ._@+-, without blanks and umlauts"]}
        )

    if (office is Office.CARRIER) != (carrier_id is not None):
        raise InvalidInput(
            {"carrier": ["the role carrier needs its carrier, and no other role one"]}
        )

    def work(tx: Transaction) -> Account:
        if carrier_id is not None:
            check_registered(tx, carrier_id)
        if accounts.by_name(tx.connection, plain) is not None:
            raise Conflict(f"there is an account {plain} already")
        account = Account(
            account_id=tx.new_id(),
            merchant=merchant,
            name=plain,
            office=office,
            created_at=tx.now,
            disabled_at=None,
            carrier_id=carrier_id,
        )
        accounts.add(tx.connection, account)
        _record(tx, Action.CLIENT_CREATED, account)
        return account

    return store.write(merchant, work)


def listing(store: Store, merchant: str) -> list[Account]:
    """All accounts of a merchant, disabled ones too, oldest first."""
    with store.read() as connection:
        return accounts.of_merchant(connection, merchant)


def disable(store: Store, merchant: str, name: str) -> Account:
    """The account, which opens nothing any more; its sessions end. NotFound when there is none."""
    account = find(store, merchant, name)

    def work(tx: Transaction) -> Account:
        accounts.disable(tx.connection, account.account_id, tx.now)
        sessions.end_all(tx.connection, account.account_id)
        sessions.drop_tickets(tx.connection, account.account_id, LINK)
        openid_bindings.unbind(tx.connection, account.account_id)
        _record(tx, Action.CLIENT_REVOKED, account)
        return replace(account, disabled_at=tx.now)

    return store.write(merchant, work)


def unbind(store: Store, merchant: str, name: str) -> Account:
    """Let the next person that the house's provider vouches for open the account, and end its sessions.

    NotFound when there is none, Conflict when nobody opened it so.
    """
    account = find(store, merchant, name)

    def work(tx: Transaction) -> Account:
        if not openid_bindings.unbind(tx.connection, account.account_id):
            raise Conflict(f"{account.name} is bound to no company account")
        sessions.end_all(tx.connection, account.account_id)
        _record(tx, Action.CLIENT_ROTATED, account, openid="unbound")
        return account

    return store.write(merchant, work)


def bound(store: Store, merchant: str) -> frozenset[str]:
    """The ids of the merchant's accounts that a company account was bound to."""
    with store.read() as connection:
        return openid_bindings.bound(connection, merchant)


def link(store: Store, account: Account) -> str:
    """A token that signs in to the account once, within the hour; earlier ones count no more."""
    token = secret(store.entropy)
    with store.change() as connection:
        sessions.drop_tickets(connection, account.account_id, LINK)
        ends_at = store.clock() + LINK_LIFE
        sessions.add_ticket(connection, hashed(token), LINK, account.account_id, ends_at)
    return token


def find(store: Store, merchant: str, name: str) -> Account:
    """The merchant's live account of this name; NotFound otherwise."""
    with store.read() as connection:
        account = accounts.by_name(connection, folded(name))
    if account is None or account.merchant != merchant or account.disabled_at is not None:
        raise NotFound(f"there is no account {name}: gateway console list shows who there is")
    return account


def folded(name: str) -> str:
    """A name as accounts are known by."""
    return name.strip().casefold()


def actor(account: Account) -> Actor:
    """An account as the audit log names it."""
    return Actor(role=account.office.value, id=account.account_id)


def secret(entropy: Entropy) -> str:
    """256 random bits in base64url."""
    return base64.urlsafe_b64encode(entropy(32)).rstrip(b"=").decode()


def hashed(token: str) -> bytes:
    """What is stored of a secret that is random enough not to need a slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _record(tx: Transaction, action: Action, account: Account, **further: str) -> None:
    detail = {"account": account.account_id, "role": account.office.value, **further}
    tx.record(OPERATOR, action, Outcome.DONE, carrier=account.carrier_id, detail=detail)
