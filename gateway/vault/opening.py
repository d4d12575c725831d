"""The one door that opens an envelope; the import contract lists who may go through it."""

from gateway.errors import Unavailable
from gateway.model.contact import FreightContact, ShopContact
from gateway.vault.contents import decode_freight, decode_shop
from gateway.vault.envelope import Binding, Envelope, EnvelopeDamaged, unseal
from gateway.vault.keyring import Keyring
from gateway.vault.keys import Key


class Opener:
    """Opens envelopes with the keys of the key provider."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def require(self, key_id: str) -> Key:
        """The key an envelope names; Unavailable without it, before anything is put on record."""
        key = self._keyring.by_id(key_id)
        if key is None:
            raise Unavailable(
                "keys", f"the key {key_id} is not in the keyring: gateway keys status"
            )
        return key

    def freight(self, envelope: Envelope, binding: Binding) -> FreightContact:
        """The freight contact in the clear."""
        return decode_freight(self._open(envelope, binding))

    def freight_if_readable(self, envelope: Envelope, binding: Binding) -> FreightContact | None:
        """As `freight`, for making the blind index anew: None where nothing opens it any more."""
        key = self._keyring.by_id(envelope.key_id)
        if key is None:
            return None
        try:
            return decode_freight(unseal(envelope, binding, key))
        except EnvelopeDamaged:
            return None

    def shop(self, envelope: Envelope, binding: Binding) -> ShopContact:
        """The shop contact in the clear."""
        return decode_shop(self._open(envelope, binding))

    def _open(self, envelope: Envelope, binding: Binding) -> bytes:
        try:
            return unseal(envelope, binding, self.require(envelope.key_id))
        except EnvelopeDamaged as fault:
            raise Unavailable("vault", "a stored contact does not open: gateway doctor") from fault
