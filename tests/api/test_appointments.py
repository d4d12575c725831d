"""The carrier's worklist over HTTP, and the appointment on its way back to the merchant."""

import pytest

from tests.api.conftest import Api
from tests.builders import order_number
from tests.conftest import Clock

NUMBER = "bagm62dvgp"
WORKLIST = "/v1/appointments"
APPOINTMENT = {"starts_at": "2026-11-26T08:00:00Z", "ends_at": "2026-11-26T12:00:00Z"}


def numbers(api: Api, query: str = "", client: str = "dachser") -> list[str]:
    """The orders of a page of the worklist."""
    page = api.get(f"{WORKLIST}{query}", client).get_json()
    return [delivery["order_number"] for delivery in page["appointments"]]


def test_the_dispatchers_day(api: Api) -> None:
    """List, ask for the contacts of the page, agree, deliver: the merchant sees it come about."""
    api.assigned(consignment="D-1")
    [waiting] = api.get(WORKLIST, "dachser").get_json()["appointments"]
    assert waiting == {
        "order_number": NUMBER,
        "consignment": "D-1",
        "status": "open",
        "country": "DEU",
        "postcode_area": waiting["postcode_area"],
        "pieces": 1,
        "since": "2026-11-23T12:00:00Z",
        "deadline": "2027-02-21T12:00:00Z",
        "window": "open",
        "appointment": None,
        "delivered_at": None,
    }
    items = [{"order_number": waiting["order_number"]}]
    body = {"purpose": "delivery-appointment", "items": items}
    batch = api.post("/v1/releases/batch", "dachser", json=body).get_json()
    assert batch["results"][0]["contact"]["phone"] == "+493023125001"

    agreed = api.put(f"{WORKLIST}/{NUMBER}", "dachser", json=APPOINTMENT).get_json()
    assert (agreed["status"], agreed["appointment"]) == ("agreed", APPOINTMENT)
    [piece] = api.get(f"/v1/orders/{NUMBER}", "merchant").get_json()["position_items"]
    assert (piece["appointment"], piece["delivered_at"]) == (APPOINTMENT, None)

    api.post(f"{WORKLIST}/{NUMBER}/delivered", "dachser")
    assert numbers(api, "?status=delivered") == [NUMBER]
    [piece] = api.get(f"/v1/orders/{NUMBER}", "merchant").get_json()["position_items"]
    assert piece["delivered_at"] == "2026-11-23T12:00:00Z"


def test_the_worklist_holds_no_contact_data(api: Api) -> None:
    """Neither the buyer's name nor any address or number; of the postcode no more than its area."""
    api.assigned()
    text = api.get(WORKLIST, "dachser").text
    for private in ("Erika", "Mustermann", "23125001", "erika@", "Musterweg", "01067", "Dresden"):
        assert private not in text


def test_an_unchanged_worklist_is_not_sent_again(api: Api) -> None:
    """304 for the ETag of the last answer, until something moves; the rate is told all the same."""
    api.assigned()
    first = api.get(WORKLIST, "dachser")
    etag = {"If-None-Match": first.headers["ETag"]}
    again = api.get(WORKLIST, "dachser", headers=etag)
    assert (again.status_code, again.headers["ETag"]) == (304, first.headers["ETag"])
    assert again.headers["RateLimit"].startswith('"minute";r=')
    api.put(f"{WORKLIST}/{NUMBER}", "dachser", json=APPOINTMENT)
    assert api.get(WORKLIST, "dachser", headers=etag).status_code == 200


def test_pages_are_followed_by_their_cursor(api: Api) -> None:
    """Each order once, the longest waiting first; the last page has no cursor."""
    everything = [order_number(count) for count in range(5)]
    for number in everything:
        api.assigned(number)
    first = api.get(f"{WORKLIST}?limit=3", "dachser").get_json()
    rest = api.get(f"{WORKLIST}?limit=3&cursor={first['next_cursor']}", "dachser").get_json()
    pages = [*first["appointments"], *rest["appointments"]]
    assert [delivery["order_number"] for delivery in pages] == everything
    assert rest["next_cursor"] is None


def test_each_carrier_sees_its_own(api: Api) -> None:
    """Another carrier's order is in no list, and takes no appointment: it is the same as none."""
    api.assigned()
    assert numbers(api, client="rhenus") == []
    other = api.put(f"{WORKLIST}/{NUMBER}", "rhenus", json=APPOINTMENT)
    none = api.put(f"{WORKLIST}/nosuchorde", "rhenus", json=APPOINTMENT)
    assert other.status_code == none.status_code == 404
    assert other.get_json()["detail"] == none.get_json()["detail"]


@pytest.mark.parametrize("client", ["merchant", "shop", "reviewer", "mailer"])
def test_only_carriers_have_a_worklist(api: Api, client: str) -> None:
    """It is theirs to work through."""
    assert api.get(WORKLIST, client).status_code == 403
    assert api.put(f"{WORKLIST}/{NUMBER}", client, json=APPOINTMENT).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"starts_at": "2026-11-26T08:00:00Z"}, "ends_at"),
        (APPOINTMENT | {"starts_at": "2026-11-26 08:00"}, "starts_at"),
        (APPOINTMENT | {"starts_at": "2026-11-26T08:00:00"}, "starts_at"),
        (APPOINTMENT | {"starts_at": "2026-02-30T08:00:00Z"}, "starts_at"),
        (APPOINTMENT | {"starts_at": 1764144000}, "starts_at"),
        (APPOINTMENT | {"ends_at": "2026-11-26T08:00:00+01:00"}, "ends_at"),
        (APPOINTMENT | {"note": "ring twice"}, "note"),
    ],
)
def test_a_malformed_appointment_is_refused(api: Api, body: object, field: str) -> None:
    """Two times with their offsets, one after the other, and nothing else."""
    api.assigned()
    answer = api.put(f"{WORKLIST}/{NUMBER}", "dachser", json=body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


@pytest.mark.parametrize("query", ["status=closed", "limit=0", "limit=1001", "cursor=x", "page=2"])
def test_a_query_that_does_not_hold_is_refused(api: Api, query: str) -> None:
    """An unknown list, an absurd page, a made-up cursor, an unknown parameter."""
    assert api.get(f"{WORKLIST}?{query}", "dachser").status_code == 422


def test_a_delivered_order_takes_no_appointment(api: Api) -> None:
    """409: nothing of it is left to deliver."""
    api.assigned()
    api.post(f"{WORKLIST}/{NUMBER}/delivered", "dachser")
    assert api.put(f"{WORKLIST}/{NUMBER}", "dachser", json=APPOINTMENT).status_code == 409


def test_what_can_be_asked_for_no_more_leaves_the_list(api: Api, clock: Clock) -> None:
    """After the latest date nobody can be called any more."""
    api.assigned()
    clock.advance(days=90)
    assert numbers(api) == []
