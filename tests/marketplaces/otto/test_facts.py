"""The facts about OTTO are read from their file, and a mistake in it stops the start by name."""

import pickle
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.marketplaces.otto.facts import OttoFacts
from policies.question import Mode

FILE = Path(__file__).parents[3] / "config" / "marketplaces" / "otto.toml"


def load(tmp_path: Path, old: str = "", new: str = "") -> OttoFacts:
    """The shipped facts with one change."""
    shipped = FILE.read_text(encoding="utf-8")
    assert old in shipped
    changed = tmp_path / "otto.toml"
    changed.write_text(shipped.replace(old, new, 1), encoding="utf-8")
    return OttoFacts.load(changed)


def test_the_shipped_facts(facts: OttoFacts) -> None:
    """They are the domain's: two mail domains, four delivery types, 35 carrier codes."""
    assert facts.relay_domains == {"customer.otto.market"}
    assert facts.placeholder_domain == "otto.magnalister.com"
    assert facts.placeholder_pattern == "{first}.{last}.{order_number}"
    assert facts.delivery_types == {
        "PARCEL": Mode.PARCEL,
        "FORWARDER_PREFERREDLOCATION": Mode.FREIGHT,
        "FORWARDER_CURBSIDE": Mode.FREIGHT,
        "FORWARDER_HEAVYDUTY": Mode.FREIGHT,
    }
    assert len(facts.carrier_codes) == 35
    assert facts.carrier_codes["DACHSER"] is facts.carrier_codes["HES"] is Mode.FREIGHT
    assert facts.carrier_codes["HERMES"] is facts.carrier_codes["DHL"] is Mode.PARCEL


def test_every_key_tells_its_source() -> None:
    """Above each key stands how sure it is."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    said = ""
    for line in lines:
        if line.startswith("#"):
            said += line
        elif line.startswith("[") or not line:
            said = ""
        elif "=" in line:
            assert any(f"# {word}:" in said for word in ("confirmed", "secondary", "inferred")), (
                line
            )
            said = ""


def test_facts_can_go_to_another_process(facts: OttoFacts) -> None:
    """A pool of processes gets them once."""
    assert pickle.loads(pickle.dumps(facts)) == facts


def test_skus_match_whole_or_by_their_beginning(tmp_path: Path) -> None:
    """The exact entry goes before a beginning, the longer beginning before the shorter."""
    entries = (
        '"Sped-*" = "FORWARDER_CURBSIDE"\n"Sped-Klein-*" = "PARCEL"\n'
        '"Sped-Klein-Tresor" = "FORWARDER_HEAVYDUTY"'
    )
    skus = load(tmp_path, '"Sped-*" = "FORWARDER_CURBSIDE"', entries).skus
    assert skus.delivery_type("Sped-Sofa") == "FORWARDER_CURBSIDE"
    assert skus.delivery_type("Sped-Klein-Griff") == "PARCEL"
    assert skus.delivery_type("Sped-Klein-Tresor") == "FORWARDER_HEAVYDUTY"
    assert skus.delivery_type("sped-sofa") is None
    assert skus.delivery_type("Lampe") is None


def test_the_sku_table_may_be_empty(tmp_path: Path) -> None:
    """Who marks the items needs no table."""
    assert load(tmp_path, '"Sped-*" = "FORWARDER_CURBSIDE"').skus.delivery_type("Sped-1") is None


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[relay]", "[relay]\nforgotten = 1", "relay.forgotten"),
        ("[relay]", "[relais]", "relais"),
        ("[sku]", "[other]", "other"),
        ('domains = ["customer.otto.market"]', "domains = []", "relay.domains"),
        ('["customer.otto.market"]', '"customer.otto.market"', "relay.domains"),
        ('["customer.otto.market"]', '["Customer.otto.market"]', "relay.domains.0"),
        ('["customer.otto.market"]', '["otto market"]', "relay.domains.0"),
        ('["customer.otto.market"]', '["a@b.example"]', "relay.domains.0"),
        ('["customer.otto.market"]', f'["{"a." * 100}example"]', "relay.domains.0"),
        ('["customer.otto.market"]', "[5]", "relay.domains.0"),
        ('domain = "otto.mag', 'domain = ".otto.mag', "placeholder.domain"),
        ('"otto.magnalister.com"', '"customer.otto.market"', "placeholder.domain"),
        ("{first}.{last}.{order_number}", "{first}.{last}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{first}.{first}.{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{street}.{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{first.__class__}{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{first!r}.{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{first:>9}.{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "{first.{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "a@{order_number}", "placeholder.pattern"),
        ("{first}.{last}.{order_number}", "x" * 33 + "{order_number}", "placeholder.pattern"),
        ('parcel = ["PARCEL"]', "", "delivery_types.parcel"),
        ('parcel = ["PARCEL"]', 'parcel = ["paket"]', "delivery_types.parcel.0"),
        ('parcel = ["PARCEL"]', 'parcel = ["FORWARDER_CURBSIDE"]', "delivery_types"),
        ('"UPS"]', '"DACHSER"]', "carriers"),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"Sped-*" = "FREIGHT"', 'sku."Sped-*"'),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"*" = "PARCEL"', 'sku."*"'),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"A*B" = "PARCEL"', 'sku."A*B"'),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"" = "PARCEL"', 'sku.""'),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"A" = 5', 'sku."A"'),
        ('"Sped-*" = "FORWARDER_CURBSIDE"', '"A" = ["PARCEL"]', 'sku."A"'),
        ("[relay]", "[relay", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    """Unknown keys, bad values and broken TOML are refused, and the message leads there."""
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, old, new)
    assert str(caught.value).startswith(f"{tmp_path / 'otto.toml'}: ")
    assert f" {key}: " in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    """Neither a missing file nor another encoding ends in a trace."""
    with pytest.raises(ConfigurationError, match=r"missing\.toml: cannot be read"):
        OttoFacts.load(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b'a = "\xfc"')
    with pytest.raises(ConfigurationError, match=r"latin\.toml: cannot be read"):
        OttoFacts.load(tmp_path / "latin.toml")
