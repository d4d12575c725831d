"""Phones become E.164 where they are certain, and nothing at all where they are not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.marketplaces.phone import e164, read

BERLIN = "+493023125001"
MOBILE = "+491713920001"


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+49 30 23125001", "DEU", BERLIN),
        ("+493023125001", "DEU", BERLIN),
        ("0049 30 23125001", "DEU", BERLIN),
        ("00 49 30 23125001", "DEU", BERLIN),
        ("+49 (0) 30 23125001", "DEU", BERLIN),
        ("+49(0)30/23125-001", "DEU", BERLIN),
        ("0049 (0)30 23125001", "DEU", BERLIN),
        ("+49 030 23125001", "DEU", BERLIN),
        ("030 23125001", "DEU", BERLIN),
        ("030/23125001", "DEU", BERLIN),
        ("(030) 23 12 50 01", "DEU", BERLIN),
        ("030-23125-001", "DEU", BERLIN),
        ("030.23125.001", "DEU", BERLIN),
        ("030\u00a023125001", "DEU", BERLIN),
        ("  030  23125001  ", "DEU", BERLIN),
        ("49 30 23125001", "DEU", BERLIN),
        ("0171 3920001", "DEU", MOBILE),
        ("0171/39200-01", "DEU", MOBILE),
        ("171 3920001", "DEU", MOBILE),
        ("49 171 3920001", "DEU", MOBILE),
        ("Tel.: 030 23125001", "DEU", BERLIN),
        ("tel:+49-30-23125001", "DEU", BERLIN),
        ("Mobil 0171 3920001", "DEU", MOBILE),
        ("\u0660\u0663\u0660 \u0662\u0663\u0661\u0662\u0665\u0660\u0660\u0661", "DEU", BERLIN),
        ("030 23125001 ext. 12", "DEU", BERLIN),
        ("030 23125001x12", "DEU", BERLIN),
        ("030 23125001 App. 12", "DEU", BERLIN),
        ("030 23125001 Durchwahl 12", "DEU", BERLIN),
        ("030 23125001, DW: 12", "DEU", BERLIN),
        ("+49 30 23125001;ext=12", "DEU", BERLIN),
        ("+43 664 1234567", "AUT", "+436641234567"),
        ("0664 1234567", "AUT", "+436641234567"),
        ("0664/1234567 Klappe 3", "AUT", "+436641234567"),
        ("044 668 18 00", "CHE", "+41446681800"),
        ("+49 30 23125001", "AUT", BERLIN),
        ("0049 30 23125001", "CHE", BERLIN),
        ("+49 30 23125001", "ATA", BERLIN),
        ("(212) 555-0123", "USA", "+12125550123"),
        ("020 7946 0123", "GBR", "+442079460123"),
        ("06 698 12345", "ITA", "+390669812345"),
        ("030 23125001", "ATA", None),
        ("", "DEU", None),
        ("-", "DEU", None),
        ("keine", "DEU", None),
        ("123", "DEU", None),
        ("110", "DEU", None),
        ("030 23125001 abends", "DEU", None),
        ("030 23125001 (Nachbar)", "DEU", None),
        ("0800 REPRO", "DEU", None),
        ("030 23125001 / 0171 3920001", "DEU", None),
        ("030 23125001 oder 0171 3920001", "DEU", None),
        ("030 2312500127712345", "DEU", None),
        ("+49+30 23125001", "DEU", None),
        ("+999 30 23125001", "DEU", None),
        ("0" * 64, "DEU", None),
        ("030 23125001" + " " * 64, "DEU", None),
    ],
)
def test_phones_as_buyers_write_them(text: str, country: str, number: str | None) -> None:
    """A certain number in E.164, None for all that could reach a stranger."""
    assert e164(text, country) == number


@given(st.text(max_size=80), st.sampled_from(["DEU", "AUT", "USA", "ATA", "ITA"]))
def test_any_text_gives_e164_or_nothing(text: str, country: str) -> None:
    """What comes out is a plus and 15 digits at most, whatever came in."""
    number = e164(text, country)
    assert number is None or (number[0] == "+" and number[1:].isdecimal() and len(number) <= 16)


@given(st.integers(0, 999), st.sampled_from(["+49 30 ", "0049 30/", "030 ", "030-", "(030)"]))
def test_every_way_of_writing_gives_the_same_number(last: int, beginning: str) -> None:
    """The format does not change the number."""
    assert e164(f"{beginning}23125{last:03d}", "DEU") == f"+493023125{last:03d}"


@example("+4930000000000000", "DEU")
@given(
    st.from_regex(r"(\+49|0|49|0049|\+490)[ /-]?[0-9 /-]{0,16}", fullmatch=True),
    st.sampled_from(["DEU", "AUT", "ITA", "ATA"]),
)
def test_the_short_way_comes_to_the_same(text: str, country: str) -> None:
    """A number that is plainly German is what all the rules together make of it."""
    assert e164(text, country) == read(text, country)
