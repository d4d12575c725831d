"""OTTO's API as far as it is needed here: orders page by page, delivery types, shipments; read only."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from marshmallow import ValidationError

from gateway.errors import Unavailable
from gateway.marketplaces.otto.api_facts import ApiFacts
from gateway.marketplaces.otto.calls import PART, Answer, Calls, Surroundings
from gateway.marketplaces.otto.shipments import Shipment, shaped_shipment
from gateway.marketplaces.otto.tokens import Credentials, Tokens

_LONGEST_NAME = 64
_LONGEST_CURSOR = 4096


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page as it came, `{"resources": […]}`, and where the next one begins; None: the last."""

    body: bytes = field(repr=False)
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ShipmentPage:
    """A page of shipments; those that do not have the shape are left out, and counted."""

    shipments: tuple[Shipment, ...]
    unreadable: int
    next_cursor: str | None


class CursorRefused(Exception):
    """OTTO does not know this cursor any more; the pages are to be read from their beginning."""


class OttoClient:
    """One merchant's connection. Its own faults are Unavailable, each with what to do about it."""

    def __init__(
        self, facts: ApiFacts, host: str, credentials: Credentials, around: Surroundings
    ) -> None:
        self._facts = facts
        self._calls = Calls(facts, host, around)
        self._tokens = Tokens(self._calls, facts, credentials, around)
        self._ticks = around.ticks
        self._profiles: dict[str, tuple[float, str | None]] = {}

    @property
    def sunsets(self) -> Mapping[str, datetime]:
        """Paths that OTTO will take down, as far as its answers told, and when."""
        return self._calls.sunsets

    def missing_scopes(self) -> frozenset[str]:
        """What the credentials should allow and do not. Unavailable when OTTO gives no token."""
        granted = self._tokens.scopes()
        return frozenset() if granted is None else frozenset(self._facts.scopes) - granted

    def orders(self, since: datetime, cursor: str | None) -> OrderPage:
        """Orders that changed at `since` or later; `cursor` goes on where a page ended.

        CursorRefused where OTTO does not take it.
        """
        query: dict[str, str | int] = {"limit": self._facts.orders_per_page}
        if cursor is None:
            query["fromDate"] = _time(since)
            query["orderColumnType"] = "ORDER_LIFECYCLE_DATE"
            query["orderDirection"] = "ASC"
        else:
            # Beside a cursor OTTO looks at the limit alone.
            query["nextcursor"] = cursor
        answer = self._get(self._facts.paths.orders, query, cursor)
        page = _members(answer)
        if not isinstance(page.get("resources"), list):
            raise _strange(self._facts.paths.orders)
        return OrderPage(answer.body, _next(page, "nextcursor", cursor))

    def delivery_type(self, sku: str) -> str | None:
        """How articles of this SKU are delivered; None where OTTO knows no profile for it."""
        info = self._object(self._facts.paths.delivery_information, sku=sku)
        profile = _text(info, "shippingProfileId")
        if profile is None:
            return None
        # A connection lasts for as long as the service does, and merchants change their profiles.
        now = self._ticks()
        asked_at, kind = self._profiles.get(profile, (float("-inf"), None))
        if now - asked_at >= self._facts.delivery_type_age.total_seconds():
            kind = _text(
                self._object(self._facts.paths.shipping_profile, id=profile), "deliveryType"
            )
            self._profiles[profile] = now, kind
        return kind

    def shipments(self, since: datetime, cursor: str | None) -> ShipmentPage:
        """Shipments that were created at `since` or later, without their pieces."""
        query: dict[str, str | int] = {
            "datefrom": _time(since),
            "limit": self._facts.shipments_per_page,
        }
        if cursor is not None:
            query["next"] = cursor
        answer = self._get(self._facts.paths.shipments, query, cursor)
        page = _members(answer)
        resources = page.get("resources")
        if not isinstance(resources, list):
            raise _strange(self._facts.paths.shipments)
        shipments = tuple(self._shaped(resources))
        unreadable = len(resources) - len(shipments)
        return ShipmentPage(shipments, unreadable, _next(page, "next", cursor))

    def shipment(self, shipment_id: str) -> Shipment | None:
        """One shipment with its pieces; None where it is gone, or does not have the shape."""
        found = self._object(self._facts.paths.shipment, id=shipment_id)
        return next(self._shaped([found]), None)

    def _shaped(self, values: Iterable[Any]) -> Iterator[Shipment]:
        for value in values:
            try:
                yield shaped_shipment(value, self._facts.delivered_states)
            except ValidationError:
                continue

    def _object(self, path: str, **parameters: str) -> dict[str, Any]:
        """What a path with one name in it leads to; nothing where OTTO has no such thing."""
        filled = path.format(**{name: quote(value, safe="") for name, value in parameters.items()})
        answer = self._allowed(filled, {}, path)
        if answer.status == HTTPStatus.NOT_FOUND:
            return {}
        return _members(_expected(answer, path))

    def _get(self, path: str, query: Mapping[str, str | int], cursor: str | None) -> Answer:
        answer = self._allowed(path, query, path)
        if cursor is not None and answer.status in {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.GONE,
        }:
            raise CursorRefused
        return _expected(answer, path)

    def _allowed(self, path: str, query: Mapping[str, str | int], known_as: str) -> Answer:
        """The answer under a token that counts: one that is refused is renewed, once."""
        answer = self._calls.get(path, query, self._tokens.bearer(), known_as)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._tokens.forget()
            answer = self._calls.get(path, query, self._tokens.bearer(), known_as)
        return answer


def _expected(answer: Answer, known_as: str) -> Answer:
    if answer.status == HTTPStatus.OK:
        return answer
    fix = ""
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fix = "; the app lacks a scope of config/marketplaces/otto.toml: gateway doctor"
    elif answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        fix = "; was it taken down? look for a newer version of this gateway"
    raise Unavailable(PART, f"OTTO refuses {known_as} with status {answer.status}{fix}")


def _members(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Unavailable(PART, "OTTO's answer is no JSON object")
    return value


def _strange(known_as: str) -> Unavailable:
    return Unavailable(PART, f"OTTO's answer to {known_as} holds no list of resources")


def _next(page: Mapping[str, Any], parameter: str, asked: str | None) -> str | None:
    """The cursor in the page's link to the next; of the link nothing else is used.

    So a link can lead to no other host, whatever stands in it.
    """
    links = page.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next":
            href = link.get("href")
            found = parse_qs(urlsplit(href).query).get(parameter) if isinstance(href, str) else None
            if not found or found[0] == asked or not _is_plain(found[0], _LONGEST_CURSOR):
                raise Unavailable(PART, "OTTO's link to the next page leads nowhere")
            return found[0]
    return None


def _text(value: Mapping[str, Any], name: str) -> str | None:
    text = value.get(name)
    return text if isinstance(text, str) and _is_plain(text, _LONGEST_NAME) else None


def _is_plain(text: str, most: int) -> bool:
    """Whether a database takes it as it is."""
    return 0 < len(text) <= most and text.isprintable()


def _time(time: datetime) -> str:
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
