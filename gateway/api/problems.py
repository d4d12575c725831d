"""The one way in which an error is answered (RFC 9457); nothing here repeats what was sent or stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from marshmallow import Schema
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from gateway.api.shapes import (
    CarrierRefusedShape,
    CarrierSilentShape,
    InvalidShape,
    OrdersRejectedShape,
    ProblemShape,
    RefusalShape,
    UnavailableShape,
)
from gateway.errors import Conflict, Gone, InvalidInput, NotFound, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
"""After which whoever met a 503 may come again."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem; `meaning` tells its reader what happened and what to do."""

    slug: str
    status: int
    title: str
    meaning: str
    shape: type[Schema] = ProblemShape

    @property
    def uri(self) -> str:
        """The problem's `type`: where the documentation explains it."""
        return f"/docs#{self.slug}"


MALFORMED = Kind(
    "malformed",
    400,
    "Malformed request",
    "The request cannot be read: its body is not JSON, or it was not sent as HTTP wants it.",
)
TOKEN_IN_QUERY = Kind(
    "token-in-query",
    400,
    "Token in the address",
    "Addresses end up in logs and histories. Send the token as `Authorization: Bearer TOKEN`, and "
    "have this one revoked.",
)
NOT_AUTHENTICATED = Kind(
    "not-authenticated",
    401,
    "Not authenticated",
    "There is no token, or it is unknown, expired or revoked. Send it as `Authorization: Bearer "
    "TOKEN`; `gateway clients create` makes a new one.",
)
ROLE = Kind(
    "role",
    403,
    "Not for this role",
    "The token is good, but its role has no business here.",
)
REFUSED = Kind(
    "refused-by-policy",
    403,
    "Refused by policy",
    "The policy does not permit this use of the contact. `reasons` lists every rule against it, the "
    "weightiest first; `guidance` says what is allowed instead. The refusal is on record.",
    RefusalShape,
)
NOT_FOUND = Kind(
    "not-found", 404, "Not found", "There is nothing of this name, or not for this client."
)
METHOD = Kind(
    "method", 405, "Method not allowed", "The address exists; `Allow` says what may be done there."
)
CONFLICT = Kind(
    "conflict", 409, "Conflict", "What is stored does not permit this yet; `detail` says why."
)
GONE = Kind("gone", 410, "Gone", "It existed and is erased for good.")
TOO_SLOW = Kind(
    "too-slow",
    408,
    "Too slow",
    "The body did not come in time, and the connection is closed: a sender gets half a minute, and a "
    "second for each 64 KiB that it has sent. Of `POST /v1/orders` what came before and was stored "
    "stays stored, and may be sent again without harm.",
)
TOO_LARGE = Kind(
    "too-large",
    413,
    "Too large",
    "The body is longer than the operator permits. Longer order files go through `gateway orders "
    "import`.",
)
MEDIA = Kind(
    "media-type",
    415,
    "Media type not supported",
    "Send JSON as `Content-Type: application/json`, in UTF-8 and not compressed; orders also as "
    "`application/x-ndjson`.",
)
INVALID = Kind(
    "invalid",
    422,
    "Invalid input",
    "It was understood but does not hold; `errors` says by field what is wrong.",
    InvalidShape,
)
ORDERS_REJECTED = Kind(
    "orders-rejected",
    422,
    "Orders rejected",
    "Every order was rejected, or the input broke off. The counts say what became of what was read; "
    "orders that are counted as stored stay stored, and may be sent again without harm.",
    OrdersRejectedShape,
)
TOO_MANY = Kind(
    "too-many-requests",
    429,
    "Too many requests",
    "This client has used up its requests of this minute, or a carrier takes no more orders just now. "
    "`Retry-After` says in how many seconds to come again; `POST /v1/releases/batch` asks for up to "
    "1000 contacts in one request.",
)
INTERNAL = Kind(
    "internal",
    500,
    "Internal error",
    "The fault is the service's own. Give the operator the `request_id`; the log tells them more.",
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "Unavailable",
    "A part that the answer depends on does not work, so nothing was released: no contact leaves "
    "without its entry on record. `GET /readyz` names the part. The request may be repeated after `Retry-After`.",
    UnavailableShape,
)

CARRIER_REFUSED = Kind(
    "carrier-refused",
    502,
    "Turned down by the carrier",
    "The carrier's own interface did not take the order; `carrier_answer` is what it said. The contact "
    "was sent with it, so the release is on record. After 429 and 503 the same request may be sent "
    "again with the same `Idempotency-Key`; a corrected one needs a new key.",
    CarrierRefusedShape,
)
CARRIER_SILENT = Kind(
    "carrier-silent",
    504,
    "No answer from the carrier",
    "The order was sent, and no answer came: the carrier may have it or not. The release is on record. "
    "Ask the carrier; only a new `Idempotency-Key` sends the order again.",
    CarrierSilentShape,
)

KINDS = (
    *(MALFORMED, TOKEN_IN_QUERY, NOT_AUTHENTICATED, ROLE, REFUSED, NOT_FOUND, METHOD, TOO_SLOW),
    *(
        CONFLICT,
        GONE,
        TOO_LARGE,
        MEDIA,
        INVALID,
        ORDERS_REJECTED,
        TOO_MANY,
        INTERNAL,
        CARRIER_REFUSED,
    ),
    *(UNAVAILABLE, CARRIER_SILENT),
)
"""Every kind there is, by status."""

_TELLING: Mapping[type[Exception], Kind] = {NotFound: NOT_FOUND, Gone: GONE, Conflict: CONFLICT}
_BY_STATUS = {404: NOT_FOUND, 405: METHOD, 408: TOO_SLOW, 413: TOO_LARGE, 415: MEDIA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem as it is answered; `extra` holds the members of its kind beside the usual ones."""

    kind: Kind
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The members of the problem document."""
        return {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "request_id": request_id,
            **self.extra,
        }


class ProblemError(Exception):
    """A request that the edge itself cannot go on with."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.kind.slug)
        self.problem = problem


def stop(
    kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> ProblemError:
    """The problem as an exception, to be raised."""
    return ProblemError(Problem(kind=kind, detail=detail, extra=extra, headers=headers or {}))


def invalid(errors: Mapping[str, list[str]]) -> Problem:
    """What does not hold, by field; a field's name is shown only where it is a plain word."""
    shown = {
        name if _PLAIN_NAME.fullmatch(name) else "(another name)": texts
        for name, texts in errors.items()
    }
    return Problem(kind=INVALID, detail="what was sent does not hold", extra={"errors": shown})


def unavailable(parts: Mapping[str, str]) -> Problem:
    """Which parts do not work, and why."""
    return Problem(
        kind=UNAVAILABLE,
        detail="; ".join(parts.values()),
        extra={"parts": parts},
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def of(fault: Exception) -> Problem:
    """The problem that a fault is answered with; of an unknown fault it says nothing at all."""
    match fault:
        case ProblemError():
            problem = fault.problem
        case InvalidInput():
            problem = invalid(fault.errors)
        case NotFound() | Gone() | Conflict():
            problem = Problem(kind=_TELLING[type(fault)], detail=str(fault))
        case Unavailable():
            problem = unavailable({fault.part: fault.told})
        case DBAPIError() | PoolTimeout():
            problem = unavailable(
                {"database": "the database does not answer: nothing was released"}
            )
        case HTTPException():
            problem = _of_http(fault)
        case _:
            problem = Problem(kind=INTERNAL, detail="something failed inside the service")
    return problem


def _of_http(fault: HTTPException) -> Problem:
    """What Flask and Werkzeug raise for requests that they cannot place or read."""
    code = fault.code or 500
    kind = _BY_STATUS.get(code, MALFORMED if 400 <= code < 500 else INTERNAL)
    allow = {name: value for name, value in fault.get_headers() if name == "Allow"}
    return Problem(kind=kind, detail=HTTPStatus(kind.status).description, headers=allow)
