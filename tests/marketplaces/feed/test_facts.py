"""A column map that does not hold is refused at load, by the name of its key."""

from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.marketplaces.feed.facts import FeedFacts, check_prefixes
from gateway.resources import default_config
from tests.marketplaces.feed.feeds import COLUMNS, loaded


def test_the_shipped_example_loads() -> None:
    """It has a prefix, a bar and no relay."""
    facts = FeedFacts.load(default_config() / "marketplaces/feed.toml")
    assert (facts.marketplace, facts.prefix, facts.relay_domains) == ("feed", "WEB-", frozenset())
    assert facts.bar.after_delivery is not None
    assert facts.bar.after_delivery.days == 30


def columns(**changes: str | None) -> dict[str, str]:
    merged = COLUMNS | changes
    return {key: name for key, name in merged.items() if name is not None}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"columns": columns(telephone="Tel")}, "columns.telephone"),
        ({"columns": columns(order_number=None)}, "columns.order_number: is missing"),
        ({"columns": columns(state=None)}, "columns.state: is missing"),
        ({"columns": columns(name=None)}, "columns.name: is missing"),
        ({"columns": columns(last_name="Last")}, "columns.name: leave it out"),
        (
            {"columns": columns(email="Phone")},
            'columns.phone and columns.email: both name .*"Phone"',
        ),
        ({"fixed": {"country": "DEU"}}, "fixed.country: columns.country gives it already"),
        ({"columns": columns(email=None), "fixed": {"email": "a"}}, "fixed.email: differs"),
        ({"required": ["first_name"]}, "required: first_name has no column"),
        ({"required": ["colour"]}, "required.0"),
        ({"states": {"PAID": ["paid"]}}, "states.PAID: is none of"),
        ({"states": {"SENT": ["x"], "RETURNED": ["X"]}}, 'states.RETURNED: "X" means SENT too'),
        ({"countries": {"DE": ["Germany"]}}, "countries.DE: is none of"),
        ({"sku": {"SOFA-*": "Luftpost"}}, 'sku."SOFA-\\*": must be one of'),
        ({"carriers": {"parcel": ["a"], "freight": ["A"]}}, "carriers: .* twice"),
        ({"dates": {"formats": ["iso"], "time_zone": "Berlin"}}, "dates.time_zone"),
        ({"number_prefix": "WEB"}, "number_prefix"),
        ({"number_prefix": ""}, "number_prefix"),
        ({"file": {"format": "xml"}}, "file.format"),
        ({"file": {"format": "csv", "encoding": "utf-16"}}, "file.encoding: must be one of utf-8"),
        ({"file": {"format": "csv", "delimiter": "::"}}, "file.delimiter"),
        ({"file": {"format": "json"}, "columns": columns(sku="a[].s", piece="b[].p")}, "one list"),
        ({"file": {"format": "json"}, "columns": columns(phone="a[].p")}, "columns.phone: belongs"),
        ({"phones": {"damaged": "guess"}}, "phones.damaged"),
        ({"retention": {"latest_days": 91}}, "retention.latest_days"),
        ({"relay": {"domains": ["placeholder.example"]}}, "placeholder.domain: is a relay domain"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_error_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """An unknown key, a missing or doubled column, a word of two meanings: file and key are told."""
    with pytest.raises(ConfigurationError, match=f"shop.toml: .*{says}"):
        loaded(tmp_path, **changes)


def test_two_feeds_never_share_a_prefix(tmp_path: Path) -> None:
    """Two orders of one number must stay two."""
    feeds = {name: loaded(tmp_path, name) for name in ("one", "two")}
    with pytest.raises(ConfigurationError, match=r"two.toml: number_prefix: one has WEB- already"):
        check_prefixes(feeds)
