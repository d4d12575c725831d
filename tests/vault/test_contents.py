"""What stands inside an envelope is plain JSON, and is read as it was written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.vault.contents import decode_freight, decode_shop, encode_freight, encode_shop

_texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(['"', "\\", "\n\x00"])
_privates = st.builds(Private, _texts)
_optional = st.none() | _privates


def _json(value: object) -> bytes:
    """As Python's own encoder writes it, which all that was sealed before came from."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _text(value: Private | None) -> str | None:
    return None if value is None else value.reveal()


@given(_privates, _optional, _optional, _optional)
def test_a_freight_contact_is_read_as_it_was_written(
    name: Private, phone: Private | None, phone_as_given: Private | None, email: Private | None
) -> None:
    """Whatever its texts hold; and it is written as ever, since fingerprints are made of it."""
    contact = FreightContact(name, phone, phone_as_given, email)
    content = encode_freight(contact)
    fields = {"name": name, "phone": phone, "phone_as_given": phone_as_given, "email": email}
    assert content == _json({field: _text(value) for field, value in fields.items()})
    assert decode_freight(content) == contact


@given(_privates, st.booleans())
def test_a_shop_contact_is_read_as_it_was_written(email: Private, deliverable: bool) -> None:
    """Whatever its address holds; and it is written as ever."""
    contact = ShopContact(email, deliverable)
    content = encode_shop(contact)
    assert content == _json({"email": email.reveal(), "deliverable": deliverable})
    assert decode_shop(content) == contact
