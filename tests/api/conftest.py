"""A client of the API that holds every answer it gets against the published description."""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import jsonschema_rs
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.usecases import clients
from gateway.usecases.services import Services
from policies.question import Role
from tests.api.integration import Carrier
from tests.builders import ORDER_NUMBER, an_order
from tests.conftest import Clock, Template

APPOINTMENT = "delivery-appointment"
_HASHES = re.compile(r"/v1/audit/logs/[^/]+/[^/]+/tile/[0-9]+/.+").fullmatch
"""What alone may be kept: it never changes, and tells nothing."""


class Api:
    """Calls the application as one of the template's clients, by name."""

    published: ClassVar[Any] = None
    """What the first one said of itself; the others say the same, whatever their settings."""

    def __init__(self, app: Flask, tokens: Mapping[str, str]) -> None:
        self.app = app
        self.tokens = tokens
        self._client = app.test_client()
        Api.published = Api.published or json.loads(self._client.get("/openapi.json").data)

    def __call__(
        self,
        method: str,
        path: str,
        client: str | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """The answer, which is one that the description promises."""
        sent = dict(headers or {})
        if client is not None:
            sent["Authorization"] = f"Bearer {self.tokens[client]}"
        if key is not None:
            sent["Idempotency-Key"] = key
        answer = self._client.open(path, method=method, headers=sent, **options)
        self._check(method, path.partition("?")[0], answer)
        return answer

    def get(self, path: str, client: str | None = None, **options: Any) -> TestResponse:
        """GET."""
        return self("GET", path, client, **options)

    def post(self, path: str, client: str | None = None, **options: Any) -> TestResponse:
        """POST."""
        return self("POST", path, client, **options)

    def put(self, path: str, client: str | None = None, **options: Any) -> TestResponse:
        """PUT."""
        return self("PUT", path, client, **options)

    def orders(self, *orders: Any, client: str = "merchant", **options: Any) -> TestResponse:
        """POST /v1/orders with these as a page."""
        return self.post("/v1/orders", client, json={"resources": list(orders)}, **options)

    def assigned(self, number: str = ORDER_NUMBER, carrier: str = "dachser", **more: Any) -> None:
        """A freight order that is imported and assigned."""
        assert self.orders(an_order(number)).status_code == 200
        path = f"/v1/orders/{number}/carrier"
        assert self.put(path, "merchant", json={"carrier": carrier, **more}).status_code == 200

    def release(
        self, client: str = "dachser", number: str = ORDER_NUMBER, **options: Any
    ) -> TestResponse:
        """POST /v1/releases for the appointment."""
        body = {"order_number": number, "purpose": APPOINTMENT}
        return self.post("/v1/releases", client, json=body, **options)

    def _check(self, method: str, path: str, answer: TestResponse) -> None:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers["X-Request-Id"]) == 32
        if path.startswith("/v1/") and not (answer.status_code == HTTPStatus.OK and _HASHES(path)):
            assert answer.headers["Cache-Control"] == "no-store"
        try:
            rule, _ = self.app.url_map.bind("").match(path, method, return_rule=True)
        except HTTPException:
            assert answer.content_type == "application/problem+json"
            return
        template = rule.rule.replace("<", "{").replace(">", "}")
        if template in self.published["paths"]:
            responses = self.published["paths"][template][method.lower()]["responses"]
            if answer.status_code == HTTPStatus.NOT_MODIFIED:
                assert "304" in responses
                assert answer.data == b""
                return
            content = responses[str(answer.status_code)]["content"]
            schema = content[answer.mimetype]["schema"]
            if "json" in answer.mimetype:
                whole = {**schema, "components": self.published["components"]}
                jsonschema_rs.validate(whole, json.loads(answer.data))


@pytest.fixture
def an_api(template: Template, a_gateway: Callable[..., Services]) -> Callable[..., Api]:
    """Makes a client of a gateway with other settings, given as in the environment."""

    def make(**environment: str) -> Api:
        return Api(create_app(a_gateway(**environment)), template.tokens)

    return make


@pytest.fixture
def api(template: Template, services: Services) -> Api:
    """A client of the gateway with the settings as shipped."""
    return Api(create_app(services), template.tokens)


@pytest.fixture
def a_carrier_with_keys(
    template: Template, a_gateway: Callable[..., Services], clock: Clock
) -> Callable[..., Carrier]:
    """Makes one, with settings as in the environment."""

    def make(**environment: str) -> Carrier:
        services = a_gateway(**environment)
        api = Api(create_app(services), template.tokens)
        client, plain = clients.create(
            services.store, "default", Role.CARRIER, "dachser", "Dachser TMS", None, None
        )
        return Carrier(api, services, clock, client, plain)

    return make


@pytest.fixture
def carrier(a_carrier_with_keys: Callable[..., Carrier]) -> Carrier:
    """One, with the settings as shipped."""
    return a_carrier_with_keys()
