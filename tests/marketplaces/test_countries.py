"""Country codes lead to a region by which phone numbers are read."""

import phonenumbers

from gateway.marketplaces.countries import alpha2


def test_codes_are_iso_3166_1() -> None:
    """All 249 countries and Kosovo are known, each alpha-2 code once."""
    codes = alpha2()
    assert len(codes) == len(set(codes.values())) == 250
    assert all(len(long) == 3 and len(short) == 2 for long, short in codes.items())
    assert (codes["DEU"], codes["AUT"], codes["CHE"], codes["XKX"]) == ("DE", "AT", "CH", "XK")


def test_nearly_every_region_of_phone_numbers_can_be_reached() -> None:
    """Only regions without a country code of their own are missing."""
    assert phonenumbers.SUPPORTED_REGIONS - set(alpha2().values()) == {"AC", "TA"}
