"""What opens an account: passwords, authenticator codes, recovery codes; only hashes and seals are kept."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import InvalidInput
from gateway.model.account import Account, Passkey, Way
from gateway.model.ids import Entropy
from gateway.storage import accounts, sessions
from gateway.storage.store import Store
from gateway.vault.seals import Seals

PASSWORD_LENGTH = (12, 200)
"""NIST SP 800-63B-4: length counts, rules on characters do not."""

_SEED_BYTES = 20
_STEPS = (0, -1, 1)
"""The code of now, and of half a minute before and after: RFC 6238, section 5.2."""

_CODES = 10
_CODE_BYTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What is set up for an account."""

    password: bool
    authenticator: bool
    codes_left: int
    passkeys: Sequence[Passkey]
    sessions: Sequence[tuple[Way, datetime, datetime]]


def of(store: Store, account: Account) -> Factors:
    """What is set up."""
    with store.read() as connection:
        locks = accounts.locks(connection, account.account_id)
        return Factors(
            password=locks.password_hash is not None,
            authenticator=locks.totp_sealed is not None,
            codes_left=accounts.codes_left(connection, account.account_id),
            passkeys=accounts.passkeys_of(connection, account.account_id),
            sessions=sessions.of_account(connection, account.account_id),
        )


# ---- Passwords ----------------------------------------------------------------------------------


def set_password(store: Store, account: Account, password: str) -> None:
    """Set or change a password. InvalidInput when it is too short, too long or the name."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        raise InvalidInput({"password": ["length"]})
    if account.name in password.casefold():
        raise InvalidInput({"password": ["name"]})
    made = PasswordHasher().hash(password, salt=store.entropy(16))
    with store.change() as connection:
        accounts.set_password(connection, account.account_id, made)


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where there is none."""
    try:
        PasswordHasher().verify(password_hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobodys() -> str:
    return PasswordHasher().hash("", salt=bytes(16))


# ---- Authenticators (RFC 6238) ------------------------------------------------------------------


def new_seed(entropy: Entropy) -> str:
    """A fresh secret for an authenticator app, in base32."""
    return base64.b32encode(entropy(_SEED_BYTES)).decode()


def seed_address(seed: str, account: Account, issuer: str) -> str:
    """The otpauth address that an app reads from a picture."""
    return pyotp.TOTP(seed).provisioning_uri(name=account.name, issuer_name=issuer)


def set_authenticator(store: Store, seals: Seals, account: Account, seed: str, code: str) -> None:
    """Set or change the authenticator; InvalidInput unless `code` shows that it works."""
    now = store.clock()
    raw = _raw(seed)
    step = None if raw is None else totp_step(raw, code, now, after=None)
    if raw is None or step is None:
        raise InvalidInput({"code": ["mismatch"]})
    sealed = seals.seal(raw, account.account_id, now)
    with store.change() as connection:
        accounts.set_totp(connection, account.account_id, sealed, step)


def totp_step(seed: bytes, code: str, now: datetime, after: int | None) -> int | None:
    """The time step whose code this is, later than the last one used; None when it fits none."""
    totp = pyotp.TOTP(base64.b32encode(seed).decode())
    given = "".join(code.split()).encode()
    current = totp.timecode(now)
    for step in (current + away for away in _STEPS):
        fits = hmac.compare_digest(totp.generate_otp(step).encode(), given)
        if fits and (after is None or step > after):
            return step
    return None


def _raw(seed: str) -> bytes | None:
    try:
        raw = base64.b32decode(seed)
    except ValueError:
        return None
    return raw if len(raw) == _SEED_BYTES else None


# ---- Recovery codes -----------------------------------------------------------------------------


def new_codes(store: Store, account: Account) -> list[str]:
    """Fresh recovery codes, shown this once; earlier ones count no more."""
    codes = [_code(store.entropy) for _ in range(_CODES)]
    with store.change() as connection:
        accounts.replace_codes(connection, account.account_id, [code_hash(it) for it in codes])
    return codes


def code_hash(code: str) -> bytes:
    """What is kept of a recovery code; blanks, hyphens and case do not count."""
    plain = "".join(code.split()).replace("-", "").upper()
    return hashlib.sha256(plain.encode()).digest()


def _code(entropy: Entropy) -> str:
    text = base64.b32encode(entropy(_CODE_BYTES)).decode()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
