"""What would be decided: the same as would be, without any contact."""

import pytest

from tests.api.conftest import APPOINTMENT, Api

NUMBER = "bagm62dvgp"


@pytest.mark.parametrize(
    ("client", "purpose", "outcome", "channel", "reasons"),
    [
        ("dachser", APPOINTMENT, "permitted", "carrier", []),
        ("dachser", "marketing", "refused", "none", ["purpose_marketing"]),
        ("rhenus", APPOINTMENT, "refused", "none", ["recipient_not_responsible"]),
        ("merchant", "delivery-notice", "permitted", "relay", []),
        ("shop", "recall", "permitted", "relay", []),
        ("mailer", "order-query", "permitted", "relay", []),
        ("mailer", "voucher", "refused", "none", ["purpose_marketing"]),
        ("reviewer", "recall", "refused", "none", ["purpose_not_permitted"]),
    ],
)
def test_each_role_hears_what_would_be_decided(
    api: Api, client: str, purpose: str, outcome: str, channel: str, reasons: list[str]
) -> None:
    """With the way by which the buyer may be reached, and the policy's version."""
    api.assigned()
    body = {"order_number": NUMBER, "purpose": purpose}
    answer = api.post("/v1/decisions", client, json=body)
    told = answer.get_json()
    assert (told["outcome"], told["channel"]) == (outcome, channel)
    assert [reason["code"] for reason in told["reasons"]] == reasons
    assert told["policy"].startswith("sha256:")
    assert told.keys() == {"outcome", "channel", "reasons", "policy"}


def test_a_decision_holds_no_contact_data_and_releases_nothing(api: Api) -> None:
    """It is no entry of a release, and nothing of the buyer is in it."""
    api.assigned()
    answer = api.post(
        "/v1/decisions", "dachser", json={"order_number": NUMBER, "purpose": APPOINTMENT}
    )
    for private in ("Erika", "23125001", "erika@", "customer.otto.market"):
        assert private not in answer.text
    page = api.get("/v1/audit/entries?action=contact.released", "reviewer").get_json()
    assert page["entries"] == []


def test_a_refusal_is_on_record(api: Api) -> None:
    """Whoever tries out what is forbidden leaves an entry."""
    api.assigned()
    api.post("/v1/decisions", "mailer", json={"order_number": NUMBER, "purpose": "survey"})
    page = api.get("/v1/audit/entries?action=contact.refused", "reviewer").get_json()
    [entry] = page["entries"]
    assert (entry["actor"]["role"], entry["purpose"]) == ("mailer", "survey")


def test_an_order_that_does_not_exist_is_told_to_the_merchant_and_not_to_a_carrier(
    api: Api,
) -> None:
    """404 for those whose orders they are; a carrier hears that it is not responsible."""
    body = {"order_number": "nosuchorde", "purpose": APPOINTMENT}
    assert api.post("/v1/decisions", "merchant", json=body).status_code == 404
    told = api.post("/v1/decisions", "dachser", json=body).get_json()
    assert [reason["code"] for reason in told["reasons"]] == ["recipient_not_responsible"]


def test_fields_count_in_the_decision(api: Api) -> None:
    """A carrier hears beforehand that it is not registered for one."""
    api.assigned(carrier="rhenus")
    body = {"order_number": NUMBER, "purpose": APPOINTMENT, "fields": ["email"]}
    told = api.post("/v1/decisions", "rhenus", json=body).get_json()
    assert [reason["code"] for reason in told["reasons"]] == ["field_not_registered"]
    assert api.post("/v1/decisions", "rhenus", json={**body, "fields": []}).status_code == 422
