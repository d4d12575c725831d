"""PKCS#11: a wrapping key for each of ours, made in the token and never to leave it.

Because every key has a wrapping key of its own, destroying one in the token makes every copy of that
key worthless, in whatever backup of the keyring it may lie. A token needs room for about a hundred
secret keys, and AES-GCM (PKCS#11 2.40, CKM_AES_GCM).
"""

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from gateway.errors import ConfigurationError
from gateway.model.ids import Entropy
from gateway.settings import Pkcs11Settings
from gateway.vault.providers.provider import KeyDamaged, ProviderDown

NAME = "pkcs11"
_NONCE_BYTES = 12
_TAG_BITS = 128

T = TypeVar("T")


class Pkcs11Provider:
    """Wraps with AES-256-GCM inside the token; our key's name is bound in.

    One session serves all threads of a process in turn; a process that was forked opens its own.
    """

    name = NAME

    def __init__(self, settings: Pkcs11Settings, entropy: Entropy) -> None:
        try:
            import pkcs11  # noqa: PLC0415  the extra "pkcs11"
        except ImportError:
            raise ConfigurationError(
                'keys.provider = "pkcs11" needs python-pkcs11: '
                'pip install "contact-export-gateway[pkcs11]"'
            ) from None
        self._pkcs11 = pkcs11
        self._settings = settings
        self._entropy = entropy
        self._turn = threading.Lock()
        self._library: Any = None
        self._session: Any = None
        self._process = 0
        self._refused_pin = ""

    def wrap(self, key_id: str, secret: bytes) -> bytes:
        """Nonce and ciphertext; the wrapping key is made where it is not there."""
        nonce = self._entropy(_NONCE_BYTES)

        def work(session: Any) -> bytes:
            key = self._find(session, key_id) or self._make(session, key_id)
            return bytes(key.encrypt(secret, **self._gcm(nonce, key_id)))

        return nonce + self._in_session(work)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The secret."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]

        def work(session: Any) -> bytes:
            key = self._find(session, key_id)
            if key is None:
                raise KeyDamaged(self.name, key_id)
            try:
                return bytes(key.decrypt(sealed, **self._gcm(nonce, key_id)))
            except _refusals(self._pkcs11) as fault:
                raise KeyDamaged(self.name, key_id) from fault

        return self._in_session(work)

    def forget(self, key_id: str) -> None:
        """Destroy the wrapping key."""

        def work(session: Any) -> None:
            key = self._find(session, key_id)
            if key is not None:
                key.destroy()

        self._in_session(work)

    def _in_session(self, work: Callable[[Any], T]) -> T:
        """What `work` returns; a session that fails is dropped, and the next call opens another."""
        with self._turn:
            try:
                return work(self._opened())
            except (self._pkcs11.exceptions.PKCS11Error, OSError) as fault:
                self._session = None
                reason = f"{type(fault).__name__} from token {self._settings.token}"
                raise ProviderDown(self.name, reason) from fault

    def _opened(self) -> Any:
        if self._session is None or self._process != os.getpid():
            self._session = None
            if self._library is None:
                self._library = self._pkcs11.lib(str(self._settings.module))
            # A token that was plugged in again, and a forked process, need a library begun afresh.
            self._library.reinitialize()
            token = self._library.get_token(token_label=self._settings.token)
            self._session = self._logged_in(token)
            self._process = os.getpid()
        return self._session

    def _logged_in(self, token: Any) -> Any:
        """A session. A PIN that was refused is not tried again: tokens lock after a few wrong ones."""
        pin = self._settings.pin_file.read_text(encoding="utf-8").strip()
        if pin == self._refused_pin:
            reason = f"token {self._settings.token} refused the PIN in {self._settings.pin_file}"
            raise ProviderDown(self.name, reason, self._settings.pin_file)
        try:
            return token.open(rw=True, user_pin=pin)
        except self._pkcs11.exceptions.PinIncorrect:
            self._refused_pin = pin
            raise

    def _find(self, session: Any, key_id: str) -> Any:
        attribute = self._pkcs11.Attribute
        sought = {
            attribute.CLASS: self._pkcs11.ObjectClass.SECRET_KEY,
            attribute.LABEL: self._label(key_id),
        }
        return next(iter(list(session.get_objects(sought))), None)

    def _make(self, session: Any, key_id: str) -> Any:
        attribute = self._pkcs11.Attribute
        return session.generate_key(
            self._pkcs11.KeyType.AES,
            256,
            label=self._label(key_id),
            store=True,
            template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
        )

    def _label(self, key_id: str) -> str:
        return f"{self._settings.prefix}{key_id}"

    def _gcm(self, nonce: bytes, key_id: str) -> dict[str, Any]:
        return {
            "mechanism": self._pkcs11.Mechanism.AES_GCM,
            "mechanism_param": self._pkcs11.GCMParams(nonce, key_id.encode(), _TAG_BITS),
        }


def _refusals(pkcs11: Any) -> tuple[type[Exception], ...]:
    """How tokens say that a ciphertext does not open; SoftHSM only has its general error."""
    faults = pkcs11.exceptions
    return (faults.EncryptedDataInvalid, faults.EncryptedDataLenRange, faults.GeneralError)
