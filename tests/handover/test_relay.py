"""A carrier's own order document goes out with the contact in it, and comes back without any of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.handover import carrier_key
from gateway.handover.outbound import Outbound
from gateway.usecases import clients, register
from gateway.usecases.deliver import deliver
from policies.question import Role
from tests.builders import an_order, order_number
from tests.handover.receiver import Received, Receiver, Said
from tests.world import TESTER, World, a_carrier

NUMBER = "bagm62dvgp"
KEY = "Key-0815"
SECRETS = ("Mustermann", "Erika", "23125001", "erika@", KEY)
TAKEN = {"id": "T-1", "status": "ACCEPTED"}


def document(number: str = NUMBER, **more: Any) -> dict[str, Any]:
    """An order as Dachser takes it, without contact."""
    return {"references": [{"code": "100", "value": number}], "weight": 81.5, **more}


class Relaying:
    """A world whose carrier dachser takes orders at a server of its own."""

    def __init__(self, world: World, receiver: Receiver, outbound: Outbound) -> None:
        self.world = world
        self.receiver = receiver
        receiver.answer = lambda _: Said(201, body=json.dumps(TAKEN).encode())
        self.registered(order_profile="dachser", order_endpoint=receiver.url("/rest/v2/orders/b1"))
        services = world.services
        carrier_key.keep(services.credentials, world.store, TESTER, "default", "dachser", KEY)
        self._client = create_app(services, outbound).test_client()
        self.tokens = {
            role: clients.create(world.store, "default", role, carrier, "test", None, None)[1]
            for role, carrier in ((Role.MERCHANT, None), (Role.CARRIER, "dachser"))
        }
        world.take_in(an_order())
        world.assign(NUMBER)

    def registered(self, **changes: Any) -> None:
        """Dachser with these terms."""
        register.apply(
            self.world.store,
            "default",
            TESTER,
            [a_carrier("dachser", **changes), a_carrier("rhenus")],
        )

    def send(
        self,
        body: Any = None,
        key: str | None = None,
        carrier: str = "dachser",
        role: Role = Role.MERCHANT,
    ) -> TestResponse:
        """POST /v1/handovers/{carrier}."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        if key:
            headers["Idempotency-Key"] = key
        body = document() if body is None else body
        return self._client.post(f"/v1/handovers/{carrier}", json=body, headers=headers)

    def released(self) -> int:
        """How many releases are on record."""
        return self.world.said().count("contact.released")


@pytest.fixture
def relaying(world: World, receiver: Receiver, outbound: Outbound) -> Relaying:
    """Dachser takes its own order documents."""
    return Relaying(world, receiver, outbound)


def test_the_contact_goes_out_and_does_not_come_back(relaying: Relaying) -> None:
    """With the carrier's key, at the profile's place, on record with its receipt, by this way."""
    answer = relaying.send()
    assert answer.status_code == 200, answer.text
    [received] = relaying.receiver.received
    assert (received.path, received.headers["x-api-key"]) == ("/rest/v2/orders/b1", KEY)
    sent = json.loads(received.body)
    assert sent["transportOptions"]["deliveryNoticeOptions"] == [
        {
            "type": "AS",
            "name": "Erika Mustermann",
            "phone": "+493023125001",
            "mail": "erika@example.org",
        }
    ]
    entry = relaying.world.log()[-1]
    body = answer.get_json()
    assert (body["carrier_status"], body["carrier_answer"]) == (201, TAKEN)
    assert body["receipt"] == {
        "log_index": entry.index,
        "href": f"/v1/audit/receipts/{body['release_id']}",
    }
    assert (entry.actor.role, entry.carrier) == ("merchant", "dachser")
    assert entry.detail == {"way": "order", "profile": "dachser"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("status", [200, 400])
def test_a_carrier_that_repeats_everything_gives_nothing_away(
    relaying: Relaying, status: int, tmp_path: Any
) -> None:
    """Body, headers, texts, and what it was sent: nothing of the contact or the key reaches anybody."""

    def parrot(received: Received) -> Said:
        sent = received.body.decode()
        said = {
            "sent": json.loads(sent),
            "text": sent,
            "headers": dict(received.headers),
            "id": "T-1",
        }
        return Said(status, {"X-Echo": "Erika Mustermann"}, json.dumps(said).encode())

    relaying.receiver.answer = parrot
    answer = relaying.send(document(consignee={"name": "Erika Mustermann"}), key="k1")
    assert answer.get_json()["carrier_answer"]["id"] == "T-1"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret not in answer.text + str(answer.headers)
        assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Said(200, body=b"<ok ref='T-1'/>"), "<ok ref='T-1'/>"),
        (Said(200, body=b"<ok>erika mustermann</ok>"), "[removed]"),
        (Said(200, body=b"\xff\xfe"), None),
        (Said(200, body=b"[" * 5000), "[removed]"),
        (Said(204), None),
    ],
)
def test_an_answer_that_is_no_json_is_told_as_far_as_it_is_plain(
    relaying: Relaying, said: Said, shown: str | None
) -> None:
    """A short text passes; what cannot be read does not."""
    relaying.receiver.answer = lambda _: said
    assert relaying.send().get_json()["carrier_answer"] == shown


# ---- Refused ------------------------------------------------------------------------------------


def test_the_policy_decides_as_for_any_release(relaying: Relaying) -> None:
    """Another's order and a closed window: refused with reasons, on record, and nothing is sent."""
    relaying.world.take_in(an_order(order_number(1)))
    relaying.world.assign(order_number(1), "rhenus")
    others = relaying.send(document(order_number(1)))
    unknown = relaying.send(document("nothere"))
    deadlines = relaying.world.settings.deadlines
    deliver(relaying.world.store, deadlines, "default", TESTER, NUMBER, "dachser", None)
    relaying.world.clock.forward(days=4)
    closed = relaying.send()
    for answer, code in (
        (others, "recipient_not_responsible"),
        (unknown, "recipient_not_responsible"),
        (closed, "window_closed"),
    ):
        assert answer.status_code == 403
        assert code in [reason["code"] for reason in answer.get_json()["reasons"]]
    assert relaying.receiver.received == []
    assert relaying.world.said().count("contact.refused") == 3


def test_only_a_merchant_sends_documents(relaying: Relaying) -> None:
    """Not even the carrier itself."""
    assert relaying.send(role=Role.CARRIER).status_code == 403


def test_nothing_leaves_for_a_carrier_that_is_not_set_up(relaying: Relaying) -> None:
    """Unknown, without profile, without key, with a profile that is not there."""
    assert relaying.send(carrier="nobody").status_code == 404
    assert relaying.send(carrier="rhenus").status_code == 409
    terms = {"order_profile": "dachser", "order_endpoint": relaying.receiver.url()}
    register.apply(
        relaying.world.store,
        "default",
        TESTER,
        [a_carrier("dachser", **terms | {"order_profile": "lost"}), a_carrier("rhenus", **terms)],
    )
    no_key = relaying.send(carrier="rhenus")
    assert (no_key.status_code, "credential" in no_key.text) == (409, True)
    assert relaying.send().status_code == 503
    assert (relaying.receiver.received, relaying.released()) == ([], 0)


def test_a_document_that_does_not_fit_releases_nothing(relaying: Relaying) -> None:
    """The error names the place; so does one for a document that is none."""
    filled = {"deliveryNoticeOptions": [{"type": "AS", "phone": "030 1"}]}
    for body in ({}, document(transportOptions=filled), []):
        assert relaying.send(body).status_code == 422
    assert (relaying.receiver.received, relaying.released()) == ([], 0)


def test_no_connection_releases_nothing(relaying: Relaying) -> None:
    """503 says so; and an address of an inner network is none."""
    relaying.receiver.close()
    answer = relaying.send()
    assert (answer.status_code, relaying.released()) == (503, 0)
    assert "nothing was released" in answer.get_json()["parts"]["carrier"]
    relaying.registered(order_profile="dachser", order_endpoint="https://10.0.0.1/orders")
    assert relaying.send().status_code == 503


# ---- As fast as the carrier takes them ----------------------------------------------------------


def test_the_carriers_rates_are_kept(relaying: Relaying) -> None:
    """Never more than five within a second, nor a thousand on a day; 429 says when to come again."""
    for _ in range(5):
        assert relaying.send().status_code == 200
        relaying.world.clock.forward(seconds=0.1)
    sixth = relaying.send()
    assert (sixth.status_code, sixth.headers["Retry-After"]) == (429, "1")
    relaying.world.clock.forward(seconds=0.4)
    assert relaying.send().status_code == 429
    relaying.world.clock.forward(seconds=0.2)
    assert relaying.send().status_code == 200
    assert relaying.released() == len(relaying.receiver.received) == 6
    with relaying.world.store.change() as connection:
        connection.exec_driver_sql("UPDATE quotas SET in_day = 1000")
    relaying.world.clock.forward(seconds=2)
    spent = relaying.send()
    assert spent.status_code == 429
    assert 11 * 3600 < int(spent.headers["Retry-After"]) <= 12 * 3600
    relaying.world.clock.forward(hours=12)
    assert relaying.send().status_code == 200


def test_a_carrier_that_turns_it_down_says_why(relaying: Relaying) -> None:
    """Its status, its words and its Retry-After; a redirect is followed by nobody."""
    relaying.receiver.answer = lambda _: Said(429, {"Retry-After": "7"}, b'{"message":"slow"}')
    answer = relaying.send()
    assert (answer.status_code, answer.headers["Retry-After"]) == (502, "7")
    assert answer.get_json()["carrier_status"] == 429
    assert answer.get_json()["carrier_answer"] == {"message": "slow"}
    relaying.receiver.answer = lambda _: Said(302, {"Location": "https://elsewhere.example/"})
    assert relaying.send().get_json()["carrier_status"] == 302
    assert len(relaying.receiver.received) == 2


# ---- Sent once ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "answered"), [(201, 200), (400, 502), (500, 502)])
def test_under_one_key_it_is_sent_once(relaying: Relaying, status: int, answered: int) -> None:
    """The same request gets the same answer; another under the same key is an error."""
    relaying.receiver.answer = lambda _: Said(status, body=json.dumps(TAKEN).encode())
    first, second = relaying.send(key="k1"), relaying.send(key="k1")
    assert (first.status_code, second.status_code) == (answered, answered)
    ours = ("release_id", "released_at", "receipt", "carrier_status", "carrier_answer")
    assert [first.get_json().get(it) for it in ours] == [second.get_json().get(it) for it in ours]
    assert (len(relaying.receiver.received), relaying.released()) == (1, 1)
    assert relaying.send(document(weight=1), key="k1").status_code == 422
    assert relaying.send(key="k2").status_code == answered
    assert len(relaying.receiver.received) == 2


def test_what_the_carrier_did_not_look_at_may_be_sent_again(relaying: Relaying) -> None:
    """After 429 and 503, under the same key."""
    relaying.receiver.answer = lambda _: Said(503)
    assert relaying.send(key="k1").status_code == 502
    relaying.receiver.answer = lambda _: Said(201, body=json.dumps(TAKEN).encode())
    assert relaying.send(key="k1").status_code == 200
    assert relaying.send(key="k1").status_code == 200
    assert len(relaying.receiver.received) == 2


def test_a_lost_answer_stays_on_record_and_is_not_risked_twice(relaying: Relaying) -> None:
    """504 with the release; the same request again sends nothing, a new key does."""

    def hang_up(_received: Received) -> Said:
        raise ConnectionError

    relaying.receiver.answer = hang_up
    lost, again = relaying.send(key="k1"), relaying.send(key="k1")
    assert (lost.status_code, again.status_code) == (504, 504)
    assert lost.get_json()["release_id"] == again.get_json()["release_id"]
    assert (len(relaying.receiver.received), relaying.released()) == (1, 1)
    relaying.receiver.answer = lambda _: Said(201, body=json.dumps(TAKEN).encode())
    assert relaying.send(key="k2").status_code == 200


def test_a_refusal_may_become_a_release_under_the_same_key(relaying: Relaying) -> None:
    """Nothing was sent, so the assignment can be mended and the request repeated."""
    relaying.world.take_in(an_order(order_number(1)))
    assert relaying.send(document(order_number(1)), key="k1").status_code == 403
    relaying.world.assign(order_number(1))
    assert relaying.send(document(order_number(1)), key="k1").status_code == 200


def test_at_once_under_one_key_it_is_sent_once(relaying: Relaying) -> None:
    """Who comes while the first is under way is told that it is."""
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: relaying.send(key="k1").status_code, range(4)))
    assert len(relaying.receiver.received) == 1
    assert sorted(set(statuses)) in ([200], [200, 504])
