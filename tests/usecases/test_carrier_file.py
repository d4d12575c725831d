"""The carriers' file: what it says is taken as it stands, and anything else is named and refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import ConfigurationError
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.model.carrier import Carrier
from gateway.resources import default_config
from gateway.usecases.carrier_file import last_day, read_carriers
from policies.question import Mode, Purpose, Registration

FACTS = OttoFacts.load(default_config() / "marketplaces/otto.toml")
GOOD = """
[carriers.dachser]
name = "DACHSER SE"
otto_codes = ["DACHSER"]
modes = ["freight"]
fields = ["name", "phone"]
purposes = ["delivery-appointment"]
valid_from = 2026-01-01
valid_until = 2026-12-31
"""

Read = Callable[[str], list[Carrier]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a text as the carriers' file."""

    def read_text(text: str) -> list[Carrier]:
        path = tmp_path / "carriers.toml"
        path.write_text(text, encoding="utf-8")
        return read_carriers(path, FACTS)

    return read_text


def pem(key: object) -> str:
    return (
        key.public_key()
        .public_bytes(  # type: ignore[attr-defined, no-any-return]
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


def test_a_registration_reads_as_it_is_written(read: Read) -> None:
    """Every key arrives; the last day counts whole, in UTC."""
    assert read(GOOD) == [
        Carrier(
            carrier_id="dachser",
            name="DACHSER SE",
            otto_codes=("DACHSER",),
            modes=frozenset({Mode.FREIGHT}),
            fields=frozenset({"name", "phone"}),
            purposes=frozenset({Purpose.DELIVERY_APPOINTMENT}),
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            valid_until=datetime(2027, 1, 1, tzinfo=UTC),
            endpoint=None,
            public_key=None,
        )
    ]
    assert last_day(read(GOOD)[0]).isoformat() == "2026-12-31"


def test_the_file_as_shipped_holds() -> None:
    """Dachser and Rhenus are current, Hellmann has lapsed; nobody may ask for more than a contact."""
    carriers = read_carriers(default_config() / "carriers.toml", FACTS)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert {it.carrier_id: it.registration(now) for it in carriers} == {
        "dachser": Registration.CURRENT,
        "hellmann": Registration.LAPSED,
        "rhenus": Registration.CURRENT,
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[carriers.dachser]", "[carriers.Dachser]", "Dachser: ids are lower-case"),
        ("[carriers.dachser]", "[carrier.dachser]", "carrier: there is no such key"),
        ('name = "DACHSER SE"', "", "dachser.name: Missing"),
        ('name = "DACHSER SE"', 'name = ""', "dachser.name: "),
        ('name = "DACHSER SE"', 'name = "a\\nb"', "dachser.name: "),
        ('name = "DACHSER SE"', 'nmae = "DACHSER SE"', "dachser.nmae: there is no such key"),
        ('["DACHSER"]', '["DASCHER"]', "dachser.otto_codes: DASCHER is no carrier code"),
        ('["DACHSER"]', '["DHL"]', "dachser.otto_codes: DHL stands for parcel"),
        ('["freight"]', '["freigth"]', "dachser.modes.0: freigth is not one of freight, parcel"),
        ('["freight"]', '["unclassified"]', "dachser.modes.0: unclassified is not one of"),
        ('["freight"]', "[]", "dachser.modes: names nothing"),
        ('["freight"]', '["freight", "freight"]', "dachser.modes: names something twice"),
        ('["name", "phone"]', '["name", "street"]', "dachser.fields.1: street is not one of"),
        ('["name", "phone"]', "[]", "dachser.fields: names nothing"),
        ("delivery-appointment", "marketing", "dachser.purposes.0: marketing is not one of"),
        ("delivery-appointment", "order-query", "dachser.purposes.0: order-query is not one of"),
        ("2026-12-31", "2025-12-31", "dachser.valid_until: lies before valid_from"),
        ("2026-12-31", '"2026-12-31"', "dachser.valid_until: must be a day without quotes"),
        ("2026-12-31", "2026-12-31T00:00:00Z", "dachser.valid_until: must be a day"),
        ("2026-12-31", "2026-02-30", "line 9"),
    ],
)
def test_what_does_not_hold_is_named(read: Read, old: str, new: str, message: str) -> None:
    """File, carrier and key, and what belongs there instead."""
    with pytest.raises(ConfigurationError) as fault:
        read(GOOD.replace(old, new))
    assert "carriers.toml: " in str(fault.value)
    assert message in str(fault.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://dachser.example/in",
        "ftp://dachser.example",
        "dachser.example",
        "https://",
        "https:///in",
        "https://user:secret@dachser.example/",
        "https://dachser.example/#part",
        "https://dachser.example:99999/",
        "https://dachser.example/a b",
        "https://dachser.example/\\u0007",
        "https://dächser.example/",
    ],
)
def test_an_endpoint_is_https_or_none(read: Read, url: str) -> None:
    """Contacts never travel in the clear, nor to an address that two programs read differently."""
    with pytest.raises(ConfigurationError, match=r"dachser\.endpoint: must be an https"):
        read(f'{GOOD}endpoint = "{url}"')


def test_a_good_endpoint_is_kept(read: Read) -> None:
    """With port, path and query."""
    url = "https://in.dachser.example:8443/v1/contacts?site=1"
    assert read(f'{GOOD}endpoint = "{url}"')[0].endpoint == url


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        x25519.X25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-256", "X25519", "RSA"],
)
def test_a_key_that_contacts_can_be_encrypted_to_is_kept(read: Read, key: object) -> None:
    """The three kinds that pushed contacts are encrypted to."""
    text = pem(key)
    assert read(f'{GOOD}public_key = """{text}"""')[0].public_key == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),
        pem(dsa.generate_private_key(2048)),
    ],
    ids=["nothing", "no key", "Ed25519", "P-384", "short RSA", "DSA"],
)
def test_any_other_key_is_refused(read: Read, text: str) -> None:
    """A key for signing, a weak one or none at all would leave pushed contacts unprotected."""
    with pytest.raises(ConfigurationError, match=r"dachser\.public_key: must be a"):
        read(f'{GOOD}public_key = """{text}"""')


def test_two_carriers_cannot_claim_one_code(read: Read) -> None:
    """A code on a shipment must lead to one carrier."""
    both = GOOD + GOOD.replace("carriers.dachser", "carriers.imposter")
    with pytest.raises(ConfigurationError) as fault:
        read(both)
    assert str(fault.value).count("DACHSER is claimed by another carrier too") == 2


def test_every_fault_is_told_at_once(read: Read) -> None:
    """Whoever mends a file mends it in one go."""
    bad = GOOD.replace("phone", "street").replace("freight", "ship")
    with pytest.raises(ConfigurationError) as fault:
        read(bad)
    assert len(str(fault.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["", "[carriers]", "# nothing yet\n"])
def test_a_file_without_carriers_is_refused(read: Read, text: str) -> None:
    """It would withdraw them all, which nobody means."""
    with pytest.raises(ConfigurationError, match="would withdraw them all"):
        read(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, no TOML, no UTF-8: an error that names the file."""
    missing = tmp_path / "missing.toml"
    with pytest.raises(ConfigurationError, match=r"missing\.toml: there is no such file"):
        read_carriers(missing, FACTS)
    for content in (b"carriers = [", b"\xff\xfe"):
        missing.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"missing\.toml: "):
            read_carriers(missing, FACTS)


def test_a_profile_and_its_address_go_together(read: Read) -> None:
    """One without the other could not be used; both are kept."""
    profile, url = 'order_profile = "dachser"\n', "https://api.example.org/orders"
    for half in (profile, f'order_endpoint = "{url}"'):
        with pytest.raises(ConfigurationError, match=r"order_profile: belongs together"):
            read(f"{GOOD}{half}")
    [carrier] = read(f'{GOOD}{profile}order_endpoint = "{url}"')
    assert (carrier.order_profile, carrier.order_endpoint) == ("dachser", url)
