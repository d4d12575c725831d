"""Signs people in to the console; every attempt for an account is an entry, and says no more than that.

A password never suffices alone. What is answered to a failed attempt never tells which part failed,
nor whether there is such an account; only whom the house's provider vouches for is told more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.audit.entry import Action, Actor, Outcome
from gateway.model.account import VISITOR, Account, Office, Passkey, Session, Way
from gateway.storage import accounts, openid_bindings, sessions
from gateway.storage.accounts import Locks
from gateway.storage.openid_bindings import Person
from gateway.storage.store import Store, Transaction
from gateway.usecases.merchants import DEFAULT
from gateway.usecases.people import factors
from gateway.usecases.people.accounts import LINK, actor, folded, hashed, secret
from gateway.vault.seals import Seals

LIFE = timedelta(hours=12)
IDLE = timedelta(minutes=30)
FRESH = timedelta(minutes=15)
"""How long a session lasts, how long without use, and how long it may change what opens the account."""

TRIES = 5
LOCKED = timedelta(minutes=15)
"""After so many failures a password opens the account no more for so long; passkeys and links do."""

_TOUCH = timedelta(minutes=1)
_STRANGER = Actor(role=VISITOR, id="unknown")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` is for the browser's cookie alone."""

    token: str
    account: Account


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the house's provider vouches for, and the address that it has verified."""

    person: Person
    email: str


class NotLetIn(StrEnum):
    """Why the company account opens nothing here."""

    UNKNOWN = "unknown"
    OTHER_PERSON = "other person"


def by_link(store: Store, token: str) -> SignedIn | None:
    """Use a sign-in link up; None when it was used before, is too old, or never was one."""
    with store.read() as connection:
        found = sessions.ticket(connection, hashed(token), LINK, store.clock())
        account = accounts.one(connection, found[0]) if found and found[0] else None
    if account is None or account.disabled_at is not None:
        return None

    def work(tx: Transaction) -> SignedIn | None:
        if not sessions.use_ticket(tx.connection, hashed(token)):
            return None
        return _begin(tx, account, Way.LINK)

    return store.write(account.merchant, work)


def link_waits(store: Store, token: str) -> bool:
    """Whether a link can still be used; looking does not use it up."""
    with store.read() as connection:
        return sessions.ticket(connection, hashed(token), LINK, store.clock()) is not None


def by_password(store: Store, seals: Seals, name: str, password: str, code: str) -> SignedIn | None:
    """With a password and a code of the authenticator, or a recovery code in its place."""
    with store.read() as connection:
        account = accounts.by_name(connection, folded(name))
        locks = accounts.locks(connection, account.account_id) if account else None
    # A stranger's attempt costs as long as a real one, and so does not tell that there is nobody.
    fits = factors.password_fits(locks.password_hash if locks else None, password)
    if account is None or account.disabled_at is not None:
        _record_stranger(store)
        return None

    def work(tx: Transaction) -> SignedIn | None:
        # Read again: another attempt may have come between.
        now_locks = accounts.locks(tx.connection, account.account_id)
        unchanged = locks is not None and now_locks.password_hash == locks.password_hash
        if now_locks.locked_until is not None and tx.now < now_locks.locked_until:
            _refused(tx, actor(account), "locked")
        elif fits and unchanged and _code_fits(tx, seals, account, now_locks, code):
            return _begin(tx, account, Way.PASSWORD)
        else:
            _failed(tx, account, now_locks)
        return None

    return store.write(account.merchant, work)


def by_passkey(
    store: Store, credential_id: bytes, verify: Callable[[Passkey], int | None]
) -> SignedIn | None:
    """With a passkey; `verify` says how often it was used, None where its signature does not hold."""
    with store.read() as connection:
        passkey = accounts.passkey(connection, credential_id)
        account = accounts.one(connection, passkey.account_id) if passkey else None
    if passkey is None or account is None or account.disabled_at is not None:
        _record_stranger(store)
        return None
    uses = verify(passkey)

    def work(tx: Transaction) -> SignedIn | None:
        if uses is None:
            _refused(tx, actor(account), Way.PASSKEY.value)
            return None
        accounts.use_passkey(tx.connection, credential_id, uses, tx.now)
        return _begin(tx, account, Way.PASSKEY)

    return store.write(account.merchant, work)


def by_openid(store: Store, vouched: Vouched | None) -> SignedIn | NotLetIn:
    """As whom the house's own provider vouches for; never with a carrier's account.

    The first who opens an account so is the only one from then on: whoever gets the same address
    later, or comes with another's, is somebody else.
    """
    with store.read() as connection:
        account = accounts.by_name(connection, folded(vouched.email)) if vouched else None
    if vouched is None or account is None or account.disabled_at is not None:
        _record_stranger(store)
        return NotLetIn.UNKNOWN
    person = vouched.person

    def work(tx: Transaction) -> SignedIn | NotLetIn:
        if account.office is Office.CARRIER:
            _refused(tx, actor(account), Way.OPENID.value)
            return NotLetIn.UNKNOWN
        opens = openid_bindings.of_account(tx.connection, account.account_id)
        if opens == person:
            return _begin(tx, account, Way.OPENID)
        if opens is not None or openid_bindings.opens_any(tx.connection, person):
            _refused(tx, actor(account), "openid-subject")
            return NotLetIn.OTHER_PERSON
        openid_bindings.bind(tx.connection, account.account_id, person, tx.now)
        return _begin(tx, account, Way.OPENID, openid="bound")

    return store.write(account.merchant, work)


# ---- Sessions -----------------------------------------------------------------------------------


def session(store: Store, token: str) -> Session | None:
    """The live session of a cookie; being looked for is its use."""
    now = store.clock()
    with store.read() as connection:
        found = sessions.find(connection, hashed(token))
    if found is None or found.account.disabled_at is not None:
        return None
    if now >= min(found.ends_at, found.seen_at + IDLE):
        return None
    if now - found.seen_at >= _TOUCH:
        with store.change() as connection:
            sessions.touch(connection, hashed(token), now)
    return found


def is_fresh(found: Session, now: datetime) -> bool:
    """Whether its person proved who they are just now."""
    return now - found.began_at < FRESH


def sign_out(store: Store, token: str) -> None:
    """End the session of a cookie."""
    with store.change() as connection:
        sessions.end(connection, hashed(token))


def sign_out_elsewhere(store: Store, account: Account, token: str) -> None:
    """End all sessions of the account but this one."""
    with store.change() as connection:
        sessions.end_all(connection, account.account_id, but=hashed(token))


# ---- What each way ends in ----------------------------------------------------------------------


def _begin(tx: Transaction, account: Account, way: Way, **further: str) -> SignedIn:
    token = secret(tx.entropy)
    sessions.forget_ended(tx.connection, tx.now)
    sessions.add(tx.connection, hashed(token), account.account_id, way, tx.now, tx.now + LIFE)
    accounts.forget_failures(tx.connection, account.account_id)
    detail = {"way": way.value, **further}
    tx.record(actor(account), Action.SIGNIN_SUCCEEDED, Outcome.DONE, detail=detail)
    return SignedIn(token, account)


def _record_stranger(store: Store) -> None:
    """Nobody that the log could name; the operator's own log tells of it."""
    store.write(DEFAULT, lambda tx: _refused(tx, _STRANGER, "unknown"))


def _refused(tx: Transaction, who: Actor, why: str) -> None:
    tx.record(who, Action.SIGNIN_FAILED, Outcome.FAILED, detail={"why": why})


def _failed(tx: Transaction, account: Account, locks: Locks) -> None:
    failures = locks.failures + 1
    locked_until = tx.now + LOCKED if failures % TRIES == 0 else None
    accounts.count_failure(tx.connection, account.account_id, failures, locked_until)
    _refused(tx, actor(account), Way.PASSWORD.value)


def _code_fits(tx: Transaction, seals: Seals, account: Account, locks: Locks, code: str) -> bool:
    if locks.totp_sealed is None:
        return False
    seed = seals.open(locks.totp_sealed, account.account_id)
    step = factors.totp_step(seed, code, tx.now, after=locks.totp_step)
    if step is not None:
        accounts.use_totp_step(tx.connection, account.account_id, step)
        return True
    return accounts.use_code(tx.connection, account.account_id, factors.code_hash(code))
