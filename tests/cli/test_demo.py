"""`gateway demo`: from nothing to requests that work, and again without adding anything."""

import json
import shlex
from typing import Any

from gateway.app import assemble, create_app
from gateway.settings import load
from gateway.usecases.services import Services
from tests.cli.conftest import Gateway
from tests.conftest import Clock


def demo(fresh: Gateway, *words: str) -> Any:
    result = fresh("demo", "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def paste(services: Services, curl: str) -> tuple[int, Any]:
    """What the service answers to a curl line."""
    words = shlex.split(curl)
    assert words[:2] == ["curl", "-s"]
    url, rest = words[2], words[3:]
    headers = [rest[at + 1].split(": ", 1) for at, word in enumerate(rest) if word == "-H"]
    body = rest[rest.index("-d") + 1] if "-d" in rest else None
    path = url.removeprefix("http://127.0.0.1:8080")
    answer = (
        create_app(services)
        .test_client()
        .open(path, method="POST" if body else "GET", data=body, headers=headers)
    )
    return answer.status_code, answer.json


def test_every_printed_request_answers_as_it_says(
    fresh: Gateway, environment: dict[str, str], clock: Clock
) -> None:
    """Pasted one after the other: a contact, a refusal, a safe address, a state, the record."""
    trials = demo(fresh)["try"]
    services = assemble(load(environment), clock)
    answers = [paste(services, trial["curl"]) for trial in trials]
    services.store.database.engine.dispose()
    assert [str(status) for status, _ in answers] == [trial["comes"][:3] for trial in trials]
    (_, contact), (_, refusal), (_, address), (_, state), (_, record) = answers
    assert all(contact["contact"][name] for name in ("name", "phone", "email"))
    assert refusal["reasons"][0]["code"] == "purpose_marketing"
    assert address["kind"] == "relay"
    assert state["position_items"][0]["window"] == "open"
    assert record["entries"][0]["reasons"] == ["purpose_marketing"]


def test_a_second_time_adds_fresh_tokens_and_nothing_else(fresh: Gateway) -> None:
    """Orders stay as they are; the earlier tokens end, so that there are never more than these."""
    first, second = demo(fresh), demo(fresh)
    assert first["orders"] == {"stored": 40, "unchanged": 0}
    assert second["orders"] == {"stored": 0, "unchanged": 40}
    tokens = [{client["token"] for client in made["clients"]} for made in (first, second)]
    assert tokens[0].isdisjoint(tokens[1])
    listed = json.loads(fresh("clients", "list", "--json").stdout)["clients"]
    live = {it["client_id"] for it in listed if it["state"] == "live"}
    assert live == {client["client_id"] for client in second["clients"]}


def test_demo_tokens_end_after_a_week(fresh: Gateway, clock: Clock) -> None:
    """What was printed into a terminal's history does not stay good for ever."""
    demo(fresh)
    clock.advance(days=7)
    listed = json.loads(fresh("clients", "list", "--json").stdout)["clients"]
    assert {it["state"] for it in listed} == {"expired"}


def test_requests_go_where_the_service_is(fresh: Gateway, environment: dict[str, str]) -> None:
    """By option, by setting, and never to an address that only listens."""
    assert demo(fresh, "--host", "::1", "--port", "9090")["url"] == "http://[::1]:9090"
    environment["GATEWAY_SERVICE__PORT"] = "9191"
    environment["GATEWAY_SERVICE__HOST"] = "0.0.0.0"
    assert demo(fresh)["url"] == "http://127.0.0.1:9191"


def test_the_text_can_be_pasted_whole(fresh: Gateway) -> None:
    """Every line after the head is a comment, a request or empty."""
    lines = fresh("demo").stdout.split("To try, once the gateway serves:\n")[1].splitlines()
    assert all(line == "" or line.startswith(("#", "curl -s '")) for line in lines)
    assert sum(line.startswith("curl") for line in lines) == 5
