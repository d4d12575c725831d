"""Mail addresses are checked by syntax and written one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.marketplaces.mail import domain_of, normalised, validated


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("erika@example.org", "erika@example.org"),
        ("Erika.M+otto@EXAMPLE.org", "Erika.M+otto@example.org"),
        ("o'neill@example.org", "o'neill@example.org"),
        ("erika@müller.example", "erika@xn--mller-kva.example"),
        ("jürgen@example.org", None),
        ("erika", None),
        ("erika@", None),
        ("@example.org", None),
        ("erika@localhost", None),
        ("erika@example.org.", None),
        ("erika @example.org", None),
        ('"erika m"@example.org', None),
        ("erika@[192.0.2.1]", None),
        ("Erika <erika@example.org>", None),
        ("erika@example.org\nBcc: a@example.org", None),
        ("erika@example.org,anna@example.org", None),
        ("e" * 65 + "@example.org", None),
        ("e@" + "x" * 254 + ".org", None),
    ],
)
def test_addresses(text: str, address: str | None) -> None:
    """One ASCII address with its domain in lower case, or None."""
    assert normalised(text) == address


@given(st.text(max_size=300))
def test_any_text_gives_ascii_or_nothing(text: str) -> None:
    """What comes out is ASCII with one domain, and stays as it is when put in again."""
    address = normalised(text)
    if address is not None:
        assert address.isascii()
        assert address.isprintable()
        assert domain_of(address) == domain_of(address).lower()
        assert normalised(address) == address


_NAMES = ("org", "example.org", "test", "local", "localhost", "invalid", "arpa", "onion")
_PIECES = st.sampled_from(
    [*"aZ9ä.-_+@@", "--", "..", "x" * 60, "info", "Info", "xn--", "b--c", *_NAMES]
)


@given(
    st.one_of(
        st.lists(_PIECES, max_size=12).map("".join),
        st.from_regex(r"[a-z0-9_+.-]{1,66}@[a-z0-9.-]{1,70}\.[a-z]{1,3}", fullmatch=True),
    )
)
def test_the_short_way_comes_to_the_same(text: str) -> None:
    """An address that is plainly good is what the library of all rules makes of it."""
    assert normalised(text) == validated(text) or len(text) > 254
