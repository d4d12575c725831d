"""Marked contacts go in, every route and command is walked, and no mark is found anywhere afterwards."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway.api.application import UNMATCHED
from gateway.api.routes import endpoints
from gateway.cli import main
from gateway.tracing import Fact, Step
from gateway.usecases.readiness import Readiness
from gateway.usecases.relaying import Given, Outcome
from tests.builders import (
    a_page,
    a_parcel_order,
    an_address,
    an_invoice_address,
    an_item,
    an_order,
)
from tests.collector import collecting, spans
from tests.commands import commands
from tests.conftest import Template
from tests.end_to_end.live import Live
from tests.world import World, shown

MARKS = re.compile(rb"canary|23125777|\+4930231257|0171[ /-]?3920077", re.IGNORECASE)
"""Any part of a marked name, address or phone number, however it is spelled."""

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""What a carrier sends who traces its own requests (W3C Trace Context)."""

ADDRESS = {
    "firstName": "Canaryfirst",
    "lastName": "Canarylast",
    "street": "Canarystreet",
    "phoneNumber": "030 / 23125-777",
    "email": "canary.bird@example.org",
}
ORDERS = [
    an_order("marked0001", deliveryAddress=an_address(**ADDRESS)),
    an_order("marked0002", deliveryAddress=an_address(**ADDRESS), positionItems=[an_item()]),
    an_order("marked0003", deliveryAddress=an_address(**ADDRESS | {"phoneNumber": "canary 0171"})),
    an_order("marked0004", deliveryAddress=an_address(**ADDRESS | {"email": "canary@@example"})),
    an_order(
        "marked0005",
        deliveryAddress=an_address(**ADDRESS),
        invoiceAddress=an_invoice_address(email="canary.payer@example.org", lastName="Canarypayer"),
    ),
    a_parcel_order("marked0006", deliveryAddress=an_address(**ADDRESS)),
]
BAD = [
    an_order("marked0007", deliveryAddress=an_address(**ADDRESS | {"countryCode": "Canaryland"})),
    an_order("marked0008", deliveryAddress=an_address(**ADDRESS | {"lastName": ["Canarylast"]})),
    an_order("marked0009", deliveryAddress=an_address(**ADDRESS | {"zipCode": "canary\x00"})),
    {"canary": "canary.bird@example.org"},
]
BODIES: list[object] = [
    None,
    b'{"canary.bird@example.org": ',
    {"order_number": "marked0001", "purpose": "marketing"},
    {"order_number": "marked0001", "purpose": "canary.bird@example.org"},
    {"order_number": "canary.bird@example.org", "purpose": "+493023125777"},
    {"items": [{"order_number": "marked0001"}], "purpose": "newsletter", "fields": ["canary"]},
    {"carrier": "canary.bird@example.org", "consignment": "+493023125777"},
]
OPTIONS = {
    "order_number": "marked0001",
    "order": "marked0001",
    "merchant": "default",
    "client_id": "nobody",
    "reason": "canary.bird@example.org",
}


@pytest.fixture(scope="module")
def walked(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that was written or answered while routes and commands were walked, as files."""
    data = Path(shutil.copytree(template.data, tmp_path_factory.mktemp("walk") / "data"))
    with collecting() as collector:
        _walk(data, template, collector.endpoint)
    (data.parent / "traces").write_bytes(b"".join(collector.received))
    return data.parent


def _walk(data: Path, template: Template, endpoint: str) -> None:
    live = Live(data, GATEWAY_TRACING__ENDPOINT=endpoint)
    answers = data.parent / "answers"
    everybody = ["", *template.tokens.values()]
    answers.write_bytes(b"\n".join(_walk_routes(live, template, everybody)))
    # A fault in the middle of everything must not show what it was working on either.
    world = World(data)
    with world.store.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE contacts RENAME TO contacts_gone")
    # Only to the merchant's own callers: others do not get as far as to the contacts.
    own = [token for name, token in template.tokens.items() if not name.startswith("other-")]
    answers.write_bytes(answers.read_bytes() + b"\n".join(_walk_routes(live, template, own)))
    with world.store.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE contacts_gone RENAME TO contacts")
    (data.parent / "journal").write_bytes(_bytes_of(data))
    (data.parent / "log").write_text(live.stop())
    (data.parent / "commands").write_bytes(b"\n".join(_walk_commands(data)))


def _walk_routes(live: Live, template: Template, tokens: Sequence[str]) -> Iterator[bytes]:
    """Every route with each of the tokens, with bodies good and bad; what a carrier may see is left out."""
    live.send("POST", "/v1/orders", template.tokens["merchant"], a_page(ORDERS))
    for number in ("marked0001", "marked0002"):
        path = f"/v1/orders/{number}/carrier"
        live.send("PUT", path, template.tokens["merchant"], {"carrier": "dachser"})
    asked = {"order_number": "marked0001", "purpose": "delivery-appointment"}
    token, caller = template.tokens["dachser"], {"traceparent": PARENT, "tracestate": "bird=canary"}
    status, _, body = live.send("POST", "/v1/releases", token, asked, **caller)
    assert MARKS.search(body) if status == 200 else status == 503
    yield live.send("POST", "/v1/orders", template.tokens["merchant"], a_page(BAD))[2]
    yield live.send("POST", "/v1/orders", template.tokens["merchant"], a_page(ORDERS) + b"canary")[
        2
    ]
    for endpoint in endpoints(Readiness.__new__(Readiness), _no_relay):
        for filled in ("marked0001", "canary.bird@example.org"):
            path = re.sub("<[^>]*>", filled, endpoint.path)
            for token in tokens:
                for body_ in BODIES if endpoint.method != "GET" else [None]:
                    got = live.send(endpoint.method, path, token, body_)
                    yield str(got[1]).encode() + got[2]
    for sought in ("order_number", "actor", "action", "reason", "from", "cursor", "limit"):
        path = f"/v1/audit/entries?{sought}=canary.bird%40example.org"
        yield live.send("GET", path, template.tokens["reviewer"])[2]
    yield live.send("GET", "/canary.bird@example.org?phone=%2B493023125777")[2]


def _no_relay(_given: Given) -> Outcome:
    """The routes are walked by their addresses; the gateway that answers has a way of its own."""
    raise NotImplementedError


def _walk_commands(data: Path) -> Iterator[bytes]:
    """Every command with arguments that fit, and with a file of orders that do not."""
    orders = data.parent / "orders.json"
    orders.write_bytes(a_page([*ORDERS, *BAD]))
    runner = CliRunner(env={"GATEWAY_DATA": str(data)})
    arguments = {**OPTIONS, "file": str(orders), "case": "-"}
    for name, command in commands():
        if name[0] == "serve":
            continue  # walked above
        line = [*name]
        for parameter in command.params:
            if parameter.name in arguments and (parameter.required or parameter.name == "order"):
                option = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
                line += [*option, arguments[parameter.name]]
        for extra in ([], ["--json"]):
            result = runner.invoke(main, [*line, *extra])
            yield result.output.encode()
    orders.unlink()


def _bytes_of(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file())


@pytest.mark.parametrize("what", ["answers", "journal", "log", "commands", "data", "traces"])
def test_no_mark_is_left(walked: Path, what: str) -> None:
    """Not in answers, not in the database and its journal, not in logs, traces, outputs or any other file."""
    path = walked / what
    written = _bytes_of(path) if path.is_dir() else path.read_bytes()
    assert written
    found = MARKS.search(written)
    assert found is None, written[max(0, found.start() - 150) : found.end() + 150]


def test_traces_tell_of_steps_and_of_nothing_else(walked: Path) -> None:
    """Every name and every attribute is on the list; routes are templates; each step was told of."""
    told = spans((walked / "traces").read_bytes())
    routes = {one.path for one in endpoints(Readiness.__new__(Readiness), _no_relay)}
    assert {it.name for it in told} == {step.value for step in Step} - {Step.HANDOVER}
    for it in told:
        assert set(it.facts) <= {fact.value for fact in Fact}
        assert it.events == 0
        assert it.name != Step.REQUEST or it.facts[Fact.ROUTE] in routes | {UNMATCHED}
    of_caller = {it.own: it for it in told if it.trace == PARENT.split("-")[1]}
    within = {
        (it.name, getattr(of_caller.get(it.parent), "name", it.parent)) for it in of_caller.values()
    }
    assert within == {
        (Step.REQUEST, PARENT.split("-")[2]),
        (Step.RECORD, Step.REQUEST),
        (Step.DECIDE, Step.RECORD),
        (Step.OPEN, Step.REQUEST),
    }
    outcomes = {(it.facts.get(Fact.OUTCOME), it.facts.get(Fact.REASON)) for it in told}
    assert ("permitted", None) in outcomes
    assert ("refused", "purpose_marketing") in outcomes


def test_the_marks_were_there_to_be_found(walked: Path) -> None:
    """The search is no sham: the marked contact is stored, and opens for its carrier."""
    world = World(walked / "data")
    world.clock.now = world.kept("marked0001").imported_at
    released = world.ask(world.client(), "marked0001")
    assert len(MARKS.findall(str(shown(released)).encode())) == 4
