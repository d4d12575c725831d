"""The policy as a reviewer reads it."""

from policies.question import Channel, Purpose, Role
from tests.api.conftest import Api


def test_the_whole_policy_is_shown(api: Api) -> None:
    """Its version, every text with the schema, and a row for every purpose, role and way."""
    told = api.get("/v1/policy", "reviewer").get_json()
    assert told["version"].startswith("sha256:")
    assert "freight-contact.cedar" in told["texts"]
    assert "gateway.cedarschema" in told["texts"]
    assert len(told["decision_table"]) == len(Purpose) * len(Role) * len(Channel)
    permitted = [row for row in told["decision_table"] if row["outcome"] == "permitted"]
    assert [row["role"] for row in permitted if row["channel"] == "carrier"] == ["carrier"]


def test_the_version_is_the_one_that_decides(api: Api) -> None:
    """The same as in decisions and entries."""
    api.assigned()
    body = {"order_number": "bagm62dvgp", "purpose": "marketing"}
    decided = api.post("/v1/decisions", "mailer", json=body).get_json()["policy"]
    assert api.get("/v1/policy", "reviewer").get_json()["version"] == decided
