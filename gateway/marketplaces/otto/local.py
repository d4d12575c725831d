"""An imitation of OTTO's API, for the demo and the tests: invented orders, on this machine alone.

It answers as OTTO's documentation says: tokens with scopes and an end, pages with cursors, limits a
second, 404 for what it does not know. `troubles` make it as OTTO is on a bad day.
"""

import base64
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from gateway.model.ids import Clock
from gateway.model.times import parse_rfc3339

CLIENT_ID = "local-otto"
CLIENT_SECRET = "local-otto-has-no-secrets"  # noqa: S105  it opens invented orders alone
SCOPES = frozenset({"orders", "shipments", "shipping-profiles", "availability"})
TOKEN_SECONDS = 1800
MOST_ORDERS = 128
_REQUESTS_A_SECOND = 20
_TOKENS_A_SECOND = 10

Trouble = Callable[[], Response | None]
"""Something that befalls one request before it is looked at; None lets it through."""


class LocalOtto:
    """OTTO as one merchant sees it. What it holds may be changed while it answers."""

    def __init__(self, clock: Clock, ticks: Callable[[], float]) -> None:
        self.clock = clock
        self.ticks = ticks
        self.orders: dict[str, Mapping[str, Any]] = {}
        self.profiles: dict[str, str] = {}
        self.skus: dict[str, str] = {}
        self.shipments: list[Mapping[str, Any]] = []
        self.scopes = SCOPES
        self.sunset: datetime | None = None
        self.troubles: deque[Trouble] = deque()
        self.seen: list[str] = []
        self._tokens: dict[str, float] = {}
        self._times: dict[str, deque[float]] = {"requests": deque(), "tokens": deque()}
        self._changing = threading.Lock()

    def put(self, *orders: Mapping[str, Any]) -> None:
        """Orders that are new, or changed."""
        for order in orders:
            self.orders[order["salesOrderId"]] = order

    def deliver_by(self, delivery_types: Mapping[str, str]) -> None:
        """A shipping profile for each delivery type, and these articles under them, by SKU."""
        for sku, kind in delivery_types.items():
            profile = f"profile-{kind.lower().replace('_', '-')}"
            self.profiles[profile] = kind
            self.skus[sku] = profile

    def forget_tokens(self) -> None:
        """No token counts any more that was given before."""
        self._tokens.clear()

    def app(self) -> Flask:
        """The WSGI application."""
        app = Flask("local_otto", static_folder=None)
        app.before_request(self._before)
        app.after_request(self._after)
        app.register_error_handler(HTTPException, _problem)
        routes: Mapping[str, tuple[str, Callable[..., Any]]] = {
            "/v1/token": ("POST", self._token),
            "/v4/orders": ("GET", self._orders),
            "/v4/orders/<number>": ("GET", self._order),
            "/v1/availability/product-delivery-information/<path:sku>": ("GET", self._information),
            "/v1/shipping-profiles/<profile>": ("GET", self._profile),
            "/v1/shipments": ("GET", self._shipments),
            "/v1/shipments/<shipment>": ("GET", self._shipment),
        }
        for rule, (method, view) in routes.items():
            app.add_url_rule(rule, view.__name__, view, methods=[method])
        return app

    # ---- Before and after every request ---------------------------------------------------------

    def _before(self) -> Response | None:
        with self._changing:
            self.seen.append(request.full_path.rstrip("?"))
            trouble = self.troubles.popleft() if self.troubles else None
        if trouble is not None and (befallen := trouble()) is not None:
            return befallen
        if request.path == "/v1/token":
            return self._limited("tokens", _TOKENS_A_SECOND)
        return self._limited("requests", _REQUESTS_A_SECOND) or self._unauthorised()

    def _limited(self, what: str, most: int) -> Response | None:
        now = self.ticks()
        with self._changing:
            times = self._times[what]
            while times and times[0] <= now - 1:
                times.popleft()
            if len(times) >= most:
                busy = _error(HTTPStatus.TOO_MANY_REQUESTS, "Too Many Requests")
                busy.headers["Retry-After"] = "1"
                return busy
            times.append(now)
        return None

    def _unauthorised(self) -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        until = self._tokens.get(token)
        if scheme != "Bearer" or until is None or self.ticks() >= until:
            return _error(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        if _scope(request.path) not in self.scopes:
            return _error(HTTPStatus.FORBIDDEN, "Forbidden")
        return None

    def _after(self, response: Response) -> Response:
        if self.sunset is not None and request.path.startswith("/v4/orders"):
            response.headers["Sunset"] = format_datetime(self.sunset, usegmt=True)
        return response

    # ---- What it answers ------------------------------------------------------------------------

    def _token(self) -> Response:
        form = request.form
        given = form.get("client_id"), form.get("client_secret")
        if form.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", HTTPStatus.BAD_REQUEST)
        if given != (CLIENT_ID, CLIENT_SECRET):
            return _refused("invalid_client", HTTPStatus.UNAUTHORIZED)
        asked = form.get("scope", "").split()
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self.ticks() + TOKEN_SECONDS
        return jsonify(
            access_token=token,
            expires_in=TOKEN_SECONDS,
            token_type="Bearer",  # noqa: S106  RFC 6750
            scope=" ".join(sorted(self.scopes.intersection(asked))),
        )

    def _orders(self) -> Response:
        limit = _limit(MOST_ORDERS, MOST_ORDERS)
        cursor = request.args.get("nextcursor")
        if limit is None:
            return _error(HTTPStatus.BAD_REQUEST, "limit")
        try:
            place: dict[str, Any] = {"from": request.args.get("fromDate")}
            if cursor:
                # Beside a cursor the limit alone counts.
                place = _read_cursor(cursor)
            since = parse_rfc3339(place["from"]) if place.get("from") else None
        except (ValueError, TypeError):
            return _error(HTTPStatus.BAD_REQUEST, "nextcursor" if cursor else "fromDate")
        found = sorted(
            (
                order
                for order in self.orders.values()
                if since is None or parse_rfc3339(order["lastModifiedDate"]) >= since
            ),
            key=_place,
        )
        left = [order for order in found if _place(order) > place.get("after", [])]
        links = []
        if len(left) > limit:
            after = _cursor({"from": place.get("from"), "after": _place(left[limit - 1])})
            links.append({"href": f"/v4/orders?nextcursor={after}&limit={limit}", "rel": "next"})
        return jsonify(resources=left[:limit], links=links)

    def _order(self, number: str) -> Response:
        names = ("salesOrderId", "orderNumber")
        return _one(it for it in self.orders.values() if number in {it[name] for name in names})

    def _information(self, sku: str) -> Response:
        profile = self.skus.get(sku)
        known = [{"sku": sku, "shippingProfileId": profile, "processingTime": "DEFAULT"}]
        return _one(known if profile else [])

    def _profile(self, profile: str) -> Response:
        kind = self.profiles.get(profile)
        known = [
            {
                "shippingProfileId": profile,
                "shippingProfileName": profile,
                "workingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
                "orderCutoff": "12:00",
                "deliveryType": kind,
                "defaultProcessingTime": 2,
                "transportTime": 5,
            }
        ]
        return _one(known if kind else [])

    def _shipments(self) -> Response:
        limit = _limit(25, 100)
        try:
            since = parse_rfc3339(request.args["datefrom"])
            start = int(request.args.get("next", "0"))
        except (KeyError, ValueError):
            return _error(HTTPStatus.BAD_REQUEST, "datefrom")
        if limit is None:
            return _error(HTTPStatus.BAD_REQUEST, "limit")
        found = [one for one in self.shipments if parse_rfc3339(one["creationDate"]) >= since]
        page = found[start : start + limit]
        links = []
        if len(found) > start + limit:
            query = f"datefrom={request.args['datefrom']}&limit={limit}&next={start + limit}"
            links.append({"href": f"/v1/shipments?{query}", "rel": "next"})
        least = ("creationDate", "shipmentId", "trackingKey", "states")
        return jsonify(
            resources=[{name: one[name] for name in least if name in one} for one in page],
            links=links,
        )

    def _shipment(self, shipment: str) -> Response:
        return _one(one for one in self.shipments if one["shipmentId"] == shipment)


def a_shipment(
    order: Mapping[str, Any], number: int, created: datetime, delivered: datetime | None = None
) -> dict[str, Any]:
    """A shipment of all pieces of an order, on its way or delivered."""
    states = [{"state": "SENT", "occurredOn": created.isoformat()}]
    if delivered is not None:
        states.append({"state": "DELIVERED", "occurredOn": delivered.isoformat()})
    return {
        "shipmentId": f"shipment-{number:06d}",
        "creationDate": created.isoformat(),
        "shipDate": (created + timedelta(hours=2)).isoformat(),
        "trackingKey": {"carrier": "DACHSER", "trackingNumber": f"DE-{number:08d}"},
        "states": states,
        "positionItems": [
            {"salesOrderId": order["salesOrderId"], "positionItemId": item["positionItemId"]}
            for item in order["positionItems"]
        ],
    }


def _scope(path: str) -> str:
    if path.startswith("/v4/orders"):
        return "orders"
    return path.removeprefix("/v1/").partition("/")[0]


def _limit(default: int, most: int) -> int | None:
    try:
        limit = int(request.args.get("limit", default))
    except ValueError:
        return None
    return limit if 1 <= limit <= most else None


def _place(order: Mapping[str, Any]) -> list[str]:
    """Where an order stands: by its last change of state, oldest first."""
    changed = parse_rfc3339(order["orderLifecycleInformation"]["lifecycleChangeDate"])
    return [changed.isoformat(), order["salesOrderId"]]


def _cursor(place: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> dict[str, Any]:
    place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if not isinstance(place, dict):
        raise TypeError("no cursor of ours")
    return place


def _one(found: Iterable[Mapping[str, Any]]) -> Response:
    first = next(iter(found), None)
    return _error(HTTPStatus.NOT_FOUND, "Not Found") if first is None else jsonify(first)


def _refused(error: str, status: HTTPStatus) -> Response:
    response = jsonify(error=error)
    response.status_code = status
    return response


def _error(status: HTTPStatus, title: str) -> Response:
    response = jsonify(errors=[{"path": request.path, "title": title}])
    response.status_code = status
    return response


def _problem(fault: HTTPException) -> Response:
    return _error(HTTPStatus(fault.code or 500), fault.name)
