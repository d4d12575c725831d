"""Calls to the gateway: each answer typed, each request repeated where that is safe, and no other."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from gateway.client.access import Access, OwnAccess, PlainToken
from gateway.client.own_key import OwnKey
from gateway.client.records import Delivered, Delivery, HandedOver, Refused, Released
from gateway.client.wire import Wire
from gateway.model.times import rfc3339

MOST = 1000
"""Contacts of one request."""

_APPOINTMENT = "delivery-appointment"
_REFUSED = 403

Token = str | Callable[[], str] | OwnKey
"""A token, or what gives the one that counts now; or a key, which asks for tokens as it needs them."""


class Client:
    """A connection to one gateway; any number of threads may use it.

    What failed on the way or was answered 503 is tried up to three times, under an Idempotency-Key
    where a repetition could otherwise do something twice. ClientError: no answer came. ProblemError:
    the gateway said no; a refusal of a contact is an answer, `Refused`.
    """

    def __init__(
        self, url: str, token: Token, *, ca_file: str | None = None, seconds: float = 40
    ) -> None:
        """`ca_file`: certificates to trust instead of the system's; `seconds`: for each attempt."""
        self._wire = Wire(url, ca_file, seconds)
        self._access: Access = (
            OwnAccess(self._wire, token) if isinstance(token, OwnKey) else PlainToken(token)
        )

    # ---- Contacts -------------------------------------------------------------------------------

    def release(
        self,
        order_number: str | None = None,
        *,
        consignment: str | None = None,
        fields: Sequence[str] | None = None,
        purpose: str = _APPOINTMENT,
    ) -> Released | Refused:
        """The contact of one order, by its number or the carrier's own consignment; or why not."""
        asked = _named(order_number, consignment) | _wanted(purpose, fields)
        answer = self._post("/v1/releases", asked, refusable=True)
        return Released.of(answer) if "contact" in answer else Refused.of(answer)

    def releases(
        self,
        order_numbers: Iterable[str],
        *,
        fields: Sequence[str] | None = None,
        purpose: str = _APPOINTMENT,
    ) -> Iterator[Released | Refused]:
        """The contacts of many orders, in their order; asked for a thousand at a time."""
        numbers = list(order_numbers)
        for at in range(0, len(numbers), MOST):
            items = [{"order_number": number} for number in numbers[at : at + MOST]]
            asked = {"items": items} | _wanted(purpose, fields)
            for result in self._post("/v1/releases/batch", asked)["results"]:
                yield Released.of(result) if result["status"] == 200 else Refused.of(result)

    def receipt(self, release_id: str) -> bytes:
        """The receipt of a release, to be kept; `verify_receipt` checks it."""
        return json.dumps(self._get(f"/v1/audit/receipts/{_part(release_id)}", {})).encode()

    # ---- Appointments ---------------------------------------------------------------------------

    def worklist(self, status: str = "open") -> Iterator[Delivery]:
        """The deliveries that are "open", "agreed" or "delivered", those that wait longest first."""
        query: dict[str, str] = {"status": status, "limit": str(MOST)}
        while True:
            page = self._get("/v1/appointments", query)
            yield from map(Delivery.of, page["appointments"])
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def agree(self, order_number: str, starts_at: datetime, ends_at: datetime) -> Delivery:
        """Tell the appointment; the times need their offset."""
        body = {"starts_at": rfc3339(starts_at), "ends_at": rfc3339(ends_at)}
        path = f"/v1/appointments/{_part(order_number)}"
        return Delivery.of(self._call("PUT", path, body=body))

    def delivered(self, order_number: str) -> Delivered:
        """Tell that the pieces are delivered."""
        return Delivered.of(self._post(f"/v1/appointments/{_part(order_number)}/delivered", {}))

    # ---- A merchant's ---------------------------------------------------------------------------

    def hand_over(
        self, carrier: str, document: Mapping[str, Any], idempotency_key: str
    ) -> HandedOver | Refused:
        """Send the carrier's own order document on; under one key it is sent once.

        ProblemError 502: the carrier turned it down; 504: no answer, the carrier may have it.
        """
        path = f"/v1/handovers/{_part(carrier)}"
        answer = self._post(path, document, key=idempotency_key, refusable=True)
        return HandedOver.of(answer) if "carrier_status" in answer else Refused.of(answer)

    # ---- On the wire ----------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path)

    def _post(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None, refusable: bool = False
    ) -> Mapping[str, Any]:
        key = key or uuid4().hex
        return self._call("POST", path, body=body, key=key, refusable=refusable)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        refusable: bool = False,
    ) -> Mapping[str, Any]:
        once = {"Idempotency-Key": key} if key else {}
        answer = self._wire.ask(
            method,
            path,
            lambda: {"headers": self._access.headers(method, path) | once, "json": body},
        )
        is_refusal = refusable and answer.status == _REFUSED and "decision_id" in answer.body
        if answer.is_good or is_refusal:
            return answer.body
        raise answer.problem()


def _named(order_number: str | None, consignment: str | None) -> dict[str, str]:
    if (order_number is None) == (consignment is None):
        raise ValueError("name order_number or consignment, one of them")
    if order_number is not None:
        return {"order_number": order_number}
    return {"consignment": consignment or ""}


def _wanted(purpose: str, fields: Sequence[str] | None) -> dict[str, Any]:
    return {"purpose": purpose} | ({} if fields is None else {"fields": list(fields)})


def _part(text: str) -> str:
    return quote(text, safe="")
