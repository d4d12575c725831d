"""Accounts of the console and what opens them: passwords and codes by their hashes, passkeys, seals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from gateway.model.account import Account, Office, Passkey
from gateway.storage.console_tables import accounts, passkeys, recovery_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """What a password sign-in is checked against. `totp_step` is the last time step that was used."""

    password_hash: str | None
    totp_sealed: bytes | None
    totp_step: int | None
    failures: int
    locked_until: datetime | None


def one(connection: Connection, account_id: str) -> Account | None:
    """An account, disabled or not."""
    return _one(connection, accounts.c.account == account_id)


def by_name(connection: Connection, name: str) -> Account | None:
    """The account that signs in as `name`, disabled or not."""
    return _one(connection, accounts.c.name == name)


def of_merchant(connection: Connection, merchant: str) -> list[Account]:
    """All accounts of a merchant, oldest first."""
    found = select(accounts).where(accounts.c.merchant == merchant)
    return [_account(row) for row in connection.execute(found.order_by(accounts.c.created_at))]


def names(connection: Connection, merchant: str) -> dict[str, str]:
    """Names by account id, of disabled accounts too."""
    found = select(accounts.c.account, accounts.c.name).where(accounts.c.merchant == merchant)
    return {row.account: row.name for row in connection.execute(found)}


def add(connection: Connection, account: Account) -> None:
    """Store a new account; nothing opens it yet."""
    connection.execute(
        insert(accounts).values(
            account=account.account_id,
            merchant=account.merchant,
            name=account.name,
            office=account.office.value,
            carrier=account.carrier_id,
            created_at=account.created_at,
            failures=0,
        )
    )


def disable(connection: Connection, account_id: str, now: datetime) -> None:
    """End an account; its row stays, because the log names it."""
    _change(connection, account_id, disabled_at=now)


# ---- Password and authenticator -----------------------------------------------------------------


def locks(connection: Connection, account_id: str) -> Locks:
    """What a password sign-in of this account is checked against."""
    row = connection.execute(select(accounts).where(accounts.c.account == account_id)).one()
    return Locks(
        password_hash=row.password_hash,
        totp_sealed=row.totp_sealed,
        totp_step=row.totp_step,
        failures=row.failures,
        locked_until=row.locked_until,
    )


def set_password(connection: Connection, account_id: str, password_hash: str) -> None:
    """Put a password in place of the one before."""
    _change(connection, account_id, password_hash=password_hash)


def set_totp(connection: Connection, account_id: str, sealed: bytes, step: int) -> None:
    """Put an authenticator in place of the one before; `step` is the one that proved it."""
    _change(connection, account_id, totp_sealed=sealed, totp_step=step)


def sealed_authenticators(connection: Connection) -> Mapping[str, bytes]:
    """The sealed secret of every authenticator, by account."""
    found = select(accounts.c.account, accounts.c.totp_sealed)
    rows = connection.execute(found.where(accounts.c.totp_sealed.is_not(None)))
    return {row.account: row.totp_sealed for row in rows}


def reseal_authenticator(
    connection: Connection, account_id: str, before: bytes, after: bytes
) -> bool:
    """Put the same secret under another key, unless there is another one by now; whether it was."""
    mine = (accounts.c.account == account_id) & (accounts.c.totp_sealed == before)
    changed = connection.execute(update(accounts).where(mine).values(totp_sealed=after))
    return changed.rowcount == 1


def use_totp_step(connection: Connection, account_id: str, step: int) -> None:
    """A code counts once: remember its step."""
    _change(connection, account_id, totp_step=step)


def count_failure(
    connection: Connection, account_id: str, failures: int, locked_until: datetime | None
) -> None:
    """Remember a failed sign-in."""
    _change(connection, account_id, failures=failures, locked_until=locked_until)


def forget_failures(connection: Connection, account_id: str) -> None:
    """After a sign-in that worked."""
    _change(connection, account_id, failures=0, locked_until=None)


# ---- Recovery codes -----------------------------------------------------------------------------


def replace_codes(connection: Connection, account_id: str, hashes: Sequence[bytes]) -> None:
    """Put new recovery codes in place of all earlier ones."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account == account_id))
    rows = [{"account": account_id, "code_hash": code_hash} for code_hash in hashes]
    connection.execute(insert(recovery_codes), rows)


def use_code(connection: Connection, account_id: str, code_hash: bytes) -> bool:
    """Whether this was a recovery code of the account; it is none any more."""
    mine = (recovery_codes.c.account == account_id) & (recovery_codes.c.code_hash == code_hash)
    return connection.execute(delete(recovery_codes).where(mine)).rowcount == 1


def codes_left(connection: Connection, account_id: str) -> int:
    """How many recovery codes are unused."""
    found = select(func.count()).where(recovery_codes.c.account == account_id)
    return connection.execute(found).scalar_one()


# ---- Passkeys -----------------------------------------------------------------------------------


def passkey(connection: Connection, credential_id: bytes) -> Passkey | None:
    """A passkey by the id that its authenticator knows it by."""
    row = connection.execute(select(passkeys).where(passkeys.c.credential == credential_id)).first()
    return None if row is None else _passkey(row)


def passkeys_of(connection: Connection, account_id: str) -> list[Passkey]:
    """An account's passkeys, oldest first."""
    found = select(passkeys).where(passkeys.c.account == account_id)
    return [_passkey(row) for row in connection.execute(found.order_by(passkeys.c.created_at))]


def add_passkey(connection: Connection, added: Passkey) -> None:
    """Store a new passkey."""
    connection.execute(
        insert(passkeys).values(
            credential=added.credential_id,
            account=added.account_id,
            public_key=added.public_key,
            uses=added.uses,
            label=added.label,
            created_at=added.created_at,
        )
    )


def use_passkey(connection: Connection, credential_id: bytes, uses: int, now: datetime) -> None:
    """Remember that a passkey was used, and what its authenticator counts."""
    mine = passkeys.c.credential == credential_id
    connection.execute(update(passkeys).where(mine).values(uses=uses, used_at=now))


def drop_passkey(connection: Connection, account_id: str, credential_id: bytes) -> bool:
    """Whether the account had this passkey; it has not any more."""
    mine = (passkeys.c.account == account_id) & (passkeys.c.credential == credential_id)
    return connection.execute(delete(passkeys).where(mine)).rowcount == 1


def _one(connection: Connection, where: ColumnElement[bool]) -> Account | None:
    row = connection.execute(select(accounts).where(where)).first()
    return None if row is None else _account(row)


def _change(connection: Connection, account_id: str, **values: Any) -> None:
    connection.execute(update(accounts).where(accounts.c.account == account_id).values(values))


def _account(row: Any) -> Account:
    return Account(
        account_id=row.account,
        merchant=row.merchant,
        name=row.name,
        office=Office(row.office),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        carrier_id=row.carrier,
    )


def _passkey(row: Any) -> Passkey:
    return Passkey(
        credential_id=bytes(row.credential),
        account_id=row.account,
        public_key=bytes(row.public_key),
        uses=row.uses,
        label=row.label,
        created_at=row.created_at,
        used_at=row.used_at,
    )
