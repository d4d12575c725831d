"""The log as reviewers see it, and the receipts of releases."""

import json
from base64 import b64decode

import pytest
from sqlalchemy import text

from gateway.usecases.services import Services
from tests.api.conftest import APPOINTMENT, Api
from tests.builders import an_order, order_number

NUMBER = "bagm62dvgp"
ENTRIES = "/v1/audit/entries"


def actions(api: Api, query: str = "") -> list[str]:
    """The actions of a page, newest first."""
    return [
        entry["action"] for entry in api.get(f"{ENTRIES}{query}", "reviewer").get_json()["entries"]
    ]


def test_the_newest_entries_come_first_and_a_look_is_one_itself(api: Api) -> None:
    """The look shows on the next page that is looked at, with the filters' names and not values."""
    api.assigned()
    api.release()
    assert actions(api)[:3] == ["contact.released", "order.assigned", "order.stored"]
    assert actions(api, "?actor=nobody") == []
    look = api.get(f"{ENTRIES}?limit=1", "reviewer").get_json()["entries"][0]
    assert (look["action"], look["detail"]) == ("audit.viewed", {"filters": "actor"})


def test_an_entry_has_the_members_of_the_contract(api: Api) -> None:
    """In this order, the salt last; `detail` stands only where there are machine facts."""
    api.assigned()
    api.release()
    entry = api.get(f"{ENTRIES}?action=contact.released", "reviewer").get_json()["entries"][0]
    assert list(entry) == [
        *("index", "id", "time", "merchant", "actor", "action", "outcome", "purpose", "reasons"),
        *("policy", "subject", "carrier", "fields", "request_id", "salt"),
    ]


def test_every_filter_narrows(api: Api) -> None:
    """Each by itself finds what it names, and together they find both."""
    api.assigned()
    api.assigned(order_number(1), carrier="rhenus")
    api.release()
    refused = api.release("rhenus")
    client = api.get(f"{ENTRIES}?action=contact.refused", "reviewer").get_json()["entries"][0]
    assert actions(api, f"?order_number={NUMBER}") == [
        *("contact.refused", "contact.released", "order.assigned", "order.stored")
    ]
    assert actions(api, "?carrier=rhenus&action=order.assigned") == ["order.assigned"]
    assert actions(api, f"?actor={client['actor']['id']}") == ["contact.refused"]
    assert actions(api, "?outcome=permitted") == ["contact.released"]
    assert actions(api, "?reason=recipient_not_responsible") == ["contact.refused"]
    assert actions(api, f"?purpose={APPOINTMENT}") == ["contact.refused", "contact.released"]
    assert actions(api, "?from=2026-11-23T12:00:00.000001Z") == []
    assert actions(api, "?to=2026-11-23T12:00:00Z") == []
    assert "contact.refused" in actions(api, "?from=2026-11-23T13:00:00%2B01:00")
    assert refused.status_code == 403


def test_pages_follow_one_another_without_gap_or_repetition(api: Api) -> None:
    """By the cursor, until there is none."""
    api.orders(*(an_order(order_number(count)) for count in range(7)))
    seen, query = [], "action=order.stored&limit=3"
    cursor = ""
    while cursor is not None:
        page = api.get(f"{ENTRIES}?{query}{cursor and f'&cursor={cursor}'}", "reviewer").get_json()
        seen += [entry["index"] for entry in page["entries"]]
        cursor = page["next_cursor"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 7


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=!",
        "cursor=AAAA",
        "action=nothing",
        "outcome=nothing",
        "reason=nothing",
        "purpose=nothing",
        "from=yesterday",
        "to=2026-11-23T12:00:00",
        "from=2026-13-01T00:00:00Z",
        "order_number=%00",
        "carrier=%00",
        "actor=%00",
        "page=2",
        "action=order.stored&action=order.stored",
        "Erika=erika@example.org",
        "erika@example.org=1",
    ],
)
def test_a_query_that_does_not_hold_is_refused(api: Api, query: str) -> None:
    """422; nothing of it is repeated but a parameter's name, where that is a plain word."""
    answer = api.get(f"{ENTRIES}?{query}", "reviewer")
    assert answer.status_code == 422
    assert "erika@example.org" not in answer.text
    assert "nothing" not in answer.text


def test_a_receipt_goes_to_the_reviewer_and_to_the_carrier_of_the_release(api: Api) -> None:
    """The leaf's bytes and a proof of the log; to another carrier it is the same as none."""
    api.assigned()
    told = api.release().get_json()
    path = told["receipt"]["href"]
    receipt = api.get(path, "dachser").get_json()
    assert json.loads(b64decode(receipt["entry"]))["id"] == told["release_id"]
    assert receipt["proof"].startswith("c2sp.org/tlog-proof@")
    assert api.get(path, "reviewer").get_json().keys() == receipt.keys()
    assert api.get(path, "rhenus").status_code == 404
    assert api.get(path, "other-reviewer").status_code == 404


def test_a_carrier_gets_receipts_of_releases_only(api: Api) -> None:
    """Not of its refusals, nor of anything else on record."""
    api.assigned()
    refused = api.post(
        "/v1/releases", "dachser", json={"order_number": NUMBER, "purpose": "marketing"}
    )
    path = f"/v1/audit/receipts/{refused.get_json()['decision_id']}"
    assert api.get(path, "dachser").status_code == 404
    assert api.get(path, "reviewer").status_code == 200


def test_a_log_that_cannot_take_its_entries_in_is_unavailable(api: Api, services: Services) -> None:
    """Its tiles went while the service ran: 503, and the part that does not work is the log."""
    api.assigned()
    path = api.release().get_json()["receipt"]["href"]
    assert api.get(path, "reviewer").status_code == 200
    with services.store.change() as connection:
        connection.execute(text("DELETE FROM tiles"))
    assert api.get("/v1/audit/entries", "reviewer").status_code == 200
    answer = api.get(path, "reviewer")
    problem = answer.get_json()
    assert (answer.status_code, list(problem["parts"])) == (503, ["log"])
    assert "gateway audit verify" in problem["detail"]
