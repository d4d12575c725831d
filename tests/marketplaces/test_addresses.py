"""A relay is recognised whole, and a placeholder is a valid address whatever the names are."""

import pickle
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.marketplaces.addresses import is_made_up, placeholder, relay
from gateway.marketplaces.mail import normalised
from gateway.marketplaces.otto.facts import OttoFacts

NUMBER = "bagm62dvgp"
NAMES = st.none() | st.text(max_size=130)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("trn2j3@customer.otto.market", "trn2j3@customer.otto.market"),
        ("trn2j3@Customer.OTTO.Market", "trn2j3@customer.otto.market"),
        ("trn2j3@customer.otto.market.evil.com", None),
        ("trn2j3@evil-customer.otto.market", None),
        ("trn2j3@x.customer.otto.market", None),
        ("trn2j3@otto.market", None),
        ("trn2j3@customer.otto.market@evil.com", None),
        ("trn2j3@evil.com (customer.otto.market)", None),
        ("trn2j3@customer.otto.market.", None),
        ("trn 2j3@customer.otto.market", None),
        ("@customer.otto.market", None),
        ("erika@example.org", None),
        ("", None),
        (None, None),
    ],
)
def test_a_relay_has_exactly_the_configured_domain(
    facts: OttoFacts, text: str | None, address: str | None
) -> None:
    """Case does not matter; a domain that only contains or resembles it is not the relay's."""
    assert relay(text, facts) == address


@given(local=st.from_regex(r"[A-Za-z0-9_+.-]{1,66}", fullmatch=True) | st.text(max_size=9))
def test_a_relay_is_a_valid_address(facts: OttoFacts, local: str) -> None:
    """What counts as relay is valid; what is valid and has the domain counts, in its plain form."""
    text = f"{local}@customer.otto.market"
    assert relay(text, facts) in {None, normalised(text)}
    if re.fullmatch(r"[A-Za-z0-9]{1,64}", local):
        assert relay(text, facts) == text


def test_made_up_addresses_are_relays_and_placeholders(facts: OttoFacts) -> None:
    """Neither is the buyer's own."""
    assert is_made_up("trn2j3@customer.otto.market", facts)
    assert is_made_up("erika.mustermann.bagm62dvgp@otto.magnalister.com", facts)
    assert not is_made_up("erika@example.org", facts)


@pytest.mark.parametrize(
    ("first", "last", "local"),
    [
        ("Erika", "Mustermann", "Erika.Mustermann.bagm62dvgp"),
        ("Jürgen", "Weiß", "Juergen.Weiss.bagm62dvgp"),
        ("Ju\u0308rgen", "Ärger", "Juergen.Aerger.bagm62dvgp"),
        ("François", "Łukasiewicz", "Francois.Lukasiewicz.bagm62dvgp"),
        ("Sinéad", "O'Neill", "Sinead.ONeill.bagm62dvgp"),
        ("Sinéad", "O\u2019Neill", "Sinead.ONeill.bagm62dvgp"),
        ("Anna-Lena", "von der Mühle", "Anna-Lena.von-der-Muehle.bagm62dvgp"),
        ("Möbel & Mehr", "GmbH & Co. KG", "Moebel-Mehr.GmbH-Co-KG.bagm62dvgp"),
        ("Александр", "Иванов", "Aleksandr.Ivanov.bagm62dvgp"),
        ("小龙", "李", "XiaoLong.Li.bagm62dvgp"),
        ("Erika", None, "Erika.bagm62dvgp"),
        (None, "Mustermann", "Mustermann.bagm62dvgp"),
        (None, None, "bagm62dvgp"),
        ("...", "@", "bagm62dvgp"),
        ("erika@example.org", "Mustermann", "Mustermann.bagm62dvgp"),
        ("Erika 0171 3920001", "Mustermann", "Erika.Mustermann.bagm62dvgp"),
        ("E\r\nBcc: a", 'M">, x', "E-Bcc-a.M-x.bagm62dvgp"),
        ("{order_number}", "{first}", "order-number.first.bagm62dvgp"),
        ("A" * 99, "B" * 99, "A" * 26 + "." + "B" * 26 + ".bagm62dvgp"),
        ("A" * 99, "Bo", "A" * 50 + ".Bo.bagm62dvgp"),
        ("Al", "B" * 99, "Al." + "B" * 50 + ".bagm62dvgp"),
    ],
)
def test_placeholders(facts: OttoFacts, first: str | None, last: str | None, local: str) -> None:
    """Names in plain letters, then the order number, as magnalister writes it."""
    assert placeholder(first, last, NUMBER, facts) == f"{local}@otto.magnalister.com"


@given(first=NAMES, last=NAMES, number=st.from_regex(r"[A-Za-z0-9]{10}", fullmatch=True))
@example(first="ﷺ" * 10, last="🚚" * 30, number="0000000000")
@example(first="A" * 25 + "-" * 9 + "B", last="C" * 25 + " D", number="0000000000")
def test_every_placeholder_is_a_valid_address(
    facts: OttoFacts, first: str | None, last: str | None, number: str
) -> None:
    """Valid, of the configured domain, 64 octets before the @, with the order number, always the same."""
    address = placeholder(first, last, number, facts)
    local, _, domain = address.partition("@")
    assert normalised(address) == address
    assert domain == facts.placeholder_domain
    assert len(local.encode()) <= 64
    assert local.endswith(number)
    assert re.fullmatch(r"[A-Za-z0-9.-]+", local)
    assert placeholder(first, last, number, pickle.loads(pickle.dumps(facts))) == address


@given(mailbox=st.emails())
def test_an_address_in_a_name_does_not_travel(facts: OttoFacts, mailbox: str) -> None:
    """Whoever typed an address into a name field does not find it in a shop."""
    assert placeholder(mailbox, mailbox, NUMBER, facts) == f"{NUMBER}@otto.magnalister.com"


@given(
    first=NAMES,
    last=NAMES,
    pattern=st.permutations(["{first}", "{last}", "{order_number}", ".", "-", "_x.", "..."]),
)
def test_other_patterns_give_valid_addresses_too(
    facts: OttoFacts, first: str | None, last: str | None, pattern: list[str]
) -> None:
    """The pattern may put the parts in any order."""
    changed = replace(facts, placeholder_pattern="".join(pattern))
    address = placeholder(first, last, NUMBER, changed)
    assert normalised(address) == address
    assert NUMBER in address
