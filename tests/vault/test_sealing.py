"""What goes in sealed comes out whole, is found again by its digests, and is recognised."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Unavailable
from gateway.marketplaces.otto.derive import derive
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.model.contact import FreightContact, Private, ShopContact
from gateway.model.order import Flag, Order
from gateway.resources import default_config
from gateway.vault.blind_index import DIGEST_BYTES, prefix, version_of
from gateway.vault.envelope import Binding
from gateway.vault.keyring import Keyring
from gateway.vault.keys import KeyUse
from gateway.vault.opening import Opener
from gateway.vault.sealing import Sealer
from tests.builders import an_order
from tests.vault.conftest import NOW

BINDING = Binding("default", "bagm62dvgp", "0" * 32, "freight", 1)
PHONE = Private("+493023125001")
CONTACT = FreightContact(
    name=Private("Erika Mustermann"),
    phone=PHONE,
    phone_as_given=Private("030 23125001"),
    email=Private("Erika@example.org"),
)

values = st.text(max_size=40).map(Private)
freight_contacts = st.builds(
    FreightContact,
    name=values,
    phone=st.none() | values,
    phone_as_given=st.none() | values,
    email=st.none() | values,
)


@pytest.fixture
def sealer(keyring: Keyring) -> Sealer:
    """The way in."""
    return Sealer(keyring, os.urandom)


@pytest.fixture
def opener(keyring: Keyring) -> Opener:
    """The way out."""
    return Opener(keyring)


@pytest.fixture(scope="module")
def order() -> Order:
    """A freight order, derived."""
    derived = derive(an_order(), OttoFacts.load(default_config() / "marketplaces/otto.toml"))
    assert isinstance(derived, Order)
    return derived


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contact=freight_contacts)
def test_a_freight_contact_comes_out_as_it_went_in(
    sealer: Sealer, opener: Opener, contact: FreightContact
) -> None:
    """Whatever characters its values hold, and whichever of them are missing."""
    envelope = sealer.freight(contact, BINDING, NOW)
    assert opener.freight(envelope, BINDING) == contact


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(email=values, deliverable=st.booleans())
def test_a_shop_contact_comes_out_as_it_went_in(
    sealer: Sealer, opener: Opener, email: Private, deliverable: bool
) -> None:
    """Address and whether it can be written to."""
    contact = ShopContact(email=email, deliverable=deliverable)
    envelope = sealer.shop(contact, BINDING, NOW)
    assert opener.shop(envelope, BINDING) == contact


def test_the_import_day_names_the_key(sealer: Sealer) -> None:
    """A contact belongs to the epoch of the day, in UTC, on which it came."""
    late = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    assert sealer.freight(CONTACT, BINDING, late).key_id == "contact-2026-11-23-1"


def test_a_contact_without_its_key_stays_closed(
    sealer: Sealer, opener: Opener, keyring: Keyring
) -> None:
    """After its key was destroyed nothing opens it; the fault says where to look."""
    envelope = sealer.freight(CONTACT, BINDING, NOW)
    keyring.destroy(envelope.key_id, "revoked", NOW)
    with pytest.raises(Unavailable, match="gateway keys status"):
        opener.freight(envelope, BINDING)


def test_a_damaged_contact_is_a_fault_without_content(sealer: Sealer, opener: Opener) -> None:
    """What was changed in the database does not open, and the fault tells nothing of it."""
    envelope = sealer.freight(CONTACT, BINDING, NOW)
    with pytest.raises(Unavailable, match="a stored contact does not open") as fault:
        opener.freight(envelope, replace(BINDING, order_number="another"))
    assert fault.value.part == "vault"


def test_equal_values_of_one_merchant_have_equal_digests(sealer: Sealer) -> None:
    """Phone and e-mail are found again, the e-mail in any case, and by nobody else's merchant."""
    stored = sealer.digests("default", CONTACT, NOW)
    assert sealer.lookups("default", "phone", PHONE, NOW) == stored[:1]
    assert sealer.lookups("default", "email", Private("ERIKA@EXAMPLE.ORG"), NOW) == stored[1:]
    assert sealer.lookups("default", "email", PHONE, NOW) != stored[:1]
    assert sealer.lookups("other", "phone", PHONE, NOW) != stored[:1]
    assert all(len(digest) == DIGEST_BYTES for digest in stored)


def test_values_that_are_not_there_have_no_digest(sealer: Sealer) -> None:
    """A contact without e-mail is not found by the empty one."""
    assert len(sealer.digests("default", replace(CONTACT, email=None), NOW)) == 1


def test_a_contact_is_found_under_either_index(sealer: Sealer, keyring: Keyring) -> None:
    """While a new index key takes over, a value is looked up under every version."""
    old = sealer.digests("default", CONTACT, NOW)
    keyring.add_version(KeyUse.INDEX, "all", NOW)
    new = sealer.digests("default", CONTACT, NOW)
    assert sealer.lookups("default", "phone", PHONE, NOW) == [new[0], old[0]]
    assert [version_of(digest) for digest in (old[0], new[0])] == [1, 2]
    assert old[0] < prefix(2) <= new[0]


def test_an_order_is_recognised_across_a_rotation(
    sealer: Sealer, keyring: Keyring, order: Order
) -> None:
    """An order that came before is no news under a new index key, as long as the old one is there."""

    def again(came: Order) -> bool:
        return sealer.recognises(stored, sealer.fingerprint("m", came, NOW), "m", came)

    stored = sealer.fingerprint("m", order, NOW)
    changed = replace(order, flags=(*order.flags, Flag.UNCLASSIFIED))
    assert again(order)
    assert not again(changed)
    keyring.add_version(KeyUse.INDEX, "all", NOW)
    assert again(order)
    assert not again(changed)
    keyring.destroy("index-all-1", "revoked", NOW)
    assert not again(order)


def test_the_keys_of_the_day_are_made_ready(
    sealer: Sealer, keyring: Keyring, open_keyring: Callable[[], Keyring]
) -> None:
    """Afterwards sealing asks nobody: both keys are there, and at hand."""
    sealer.ready(NOW)
    assert [key.key_id for key in open_keyring().all()] == ["contact-2026-11-23-1", "index-all-1"]
