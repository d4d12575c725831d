"""Registers passkeys and signs in with them (W3C Web Authentication); nobody else imports webauthn.

A challenge counts once, for the browser that it was given to, and for five minutes.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.errors import InvalidInput
from gateway.model.account import Account, Passkey
from gateway.storage import accounts, sessions
from gateway.storage.store import Store
from gateway.usecases.people import signin
from gateway.usecases.people.signin import SignedIn

_LIFE = timedelta(minutes=5)
_LABEL_LENGTH = 100
_REGISTER = "passkey-register"
_SIGN_IN = "passkey-sign-in"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey is for: the host of the console, and the origin that its pages have."""

    host: str
    origin: str
    name: str


def registration(store: Store, party: Party, account: Account, browser: str) -> dict[str, Any]:
    """What the browser needs to make a passkey; `browser` is the secret of its cookie."""
    with store.read() as connection:
        present = accounts.passkeys_of(connection, account.account_id)
    options = generate_registration_options(
        rp_id=party.host,
        rp_name=party.name,
        user_id=account.account_id.encode(),
        user_name=account.name,
        challenge=_challenge(store, browser, _REGISTER),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in present
        ],
    )
    return _plain(options_to_json(options))


def register(
    store: Store, party: Party, account: Account, browser: str, answer: str, label: str
) -> None:
    """Keep the passkey that the browser made. InvalidInput when its answer does not hold."""
    try:
        credential: RegistrationCredential = parse_registration_credential_json(answer)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        if not _used_up(store, browser, _REGISTER, challenge):
            raise InvalidInput({"passkey": ["mismatch"]})
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except WebAuthnException:
        raise InvalidInput({"passkey": ["mismatch"]}) from None
    passkey = Passkey(
        credential_id=made.credential_id,
        account_id=account.account_id,
        public_key=made.credential_public_key,
        uses=made.sign_count,
        label=label.strip()[:_LABEL_LENGTH] or "Passkey",
        created_at=store.clock(),
        used_at=None,
    )
    with store.change() as connection:
        if accounts.passkey(connection, passkey.credential_id) is not None:
            raise InvalidInput({"passkey": ["mismatch"]})
        accounts.add_passkey(connection, passkey)


def sign_in_options(store: Store, party: Party, browser: str) -> dict[str, Any]:
    """What the browser needs to ask for a passkey; it names nobody, so it tells nothing."""
    options = generate_authentication_options(
        rp_id=party.host,
        challenge=_challenge(store, browser, _SIGN_IN),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _plain(options_to_json(options))


def sign_in(store: Store, party: Party, browser: str, answer: str) -> SignedIn | None:
    """With the passkey that the browser answered with; None when anything does not hold."""
    try:
        credential: AuthenticationCredential = parse_authentication_credential_json(answer)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
    except WebAuthnException:
        return None
    if not _used_up(store, browser, _SIGN_IN, challenge):
        return None

    def verify(passkey: Passkey) -> int | None:
        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=party.host,
                expected_origin=party.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.uses,
                require_user_verification=True,
            )
        except WebAuthnException:
            return None
        return verified.new_sign_count

    return signin.by_passkey(store, credential.raw_id, verify)


def remove(store: Store, account: Account, credential_id: bytes) -> bool:
    """Forget a passkey of the account; False when it has no such one."""
    with store.change() as connection:
        return accounts.drop_passkey(connection, account.account_id, credential_id)


def _challenge(store: Store, browser: str, kind: str) -> bytes:
    challenge = store.entropy(32)
    now = store.clock()
    with store.change() as connection:
        sessions.forget_ended(connection, now)
        sessions.add_ticket(connection, _ticket(browser, challenge), kind, None, now + _LIFE)
    return challenge


def _used_up(store: Store, browser: str, kind: str, challenge: bytes) -> bool:
    """Whether this browser was given the challenge, and had not used it before."""
    ticket = _ticket(browser, challenge)
    with store.change() as connection:
        known = sessions.ticket(connection, ticket, kind, store.clock()) is not None
        return known and sessions.use_ticket(connection, ticket)


def _ticket(browser: str, challenge: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(browser.encode()).digest() + challenge).digest()


def _plain(text: str) -> dict[str, Any]:
    options: dict[str, Any] = json.loads(text)
    return options
