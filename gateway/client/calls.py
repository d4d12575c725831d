"""Calls to the gateway: each answer typed, each request repeated where that is safe, and no other."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import urllib3

from gateway.client.faults import ClientError, ProblemError
from gateway.client.records import Delivered, Delivery, HandedOver, Refused, Released
from gateway.model.times import rfc3339

MOST = 1000
"""Contacts of one request."""

_APPOINTMENT = "delivery-appointment"
_REFUSED = 403
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

Token = str | Callable[[], str]
"""A token, or what gives the one that counts now."""


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
        where = urlsplit(url)
        if where.scheme != "https" and where.hostname not in _LOCAL:
            raise ValueError(
                "the gateway's address must be https: the token goes with each request"
            )
        self._url = url.rstrip("/")
        self._token = token
        again = urllib3.Retry(
            3,
            allowed_methods=None,
            status_forcelist={503},
            backoff_factor=0.5,
            backoff_jitter=0.5,
            # What a Retry-After asks for may be hours: whoever calls shall know, and wait or not.
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        trust: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        self._pool = urllib3.PoolManager(retries=again, timeout=seconds, **trust)

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
        token = self._token if isinstance(self._token, str) else self._token()
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        try:
            response = self._pool.request(
                method, f"{self._url}{path}", json=body, headers=headers, redirect=False
            )
            answer = response.json()
        except urllib3.exceptions.HTTPError as fault:
            raise ClientError(f"no answer from {self._url}: {type(fault).__name__}") from None
        except ValueError:
            raise ClientError(f"{self._url} does not answer as a gateway does") from None
        if not isinstance(answer, dict):
            raise ClientError(f"{self._url} does not answer as a gateway does")
        is_refusal = refusable and response.status == _REFUSED and "decision_id" in answer
        if 200 <= response.status < 300 or is_refusal:
            return answer
        wait = response.headers.get("Retry-After", "")
        raise ProblemError(response.status, answer, int(wait) if wait.isdecimal() else None)


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
