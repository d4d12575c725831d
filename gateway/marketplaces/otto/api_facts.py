"""How OTTO's API is reached, as the configuration has it: hosts, paths, limits; no credentials."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PARAMETERS = {"delivery_information": "sku", "shipping_profile": "id", "shipment": "id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths; `delivery_information` has a place for {sku}, the last of each kind for {id}."""

    token: str
    orders: str
    delivery_information: str
    shipping_profile: str
    shipments: str
    shipment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFacts:
    """The tables `[api…]` of `config/marketplaces/otto.toml`; each key's meaning stands there."""

    hosts: Mapping[str, str]
    paths: Paths
    scopes: tuple[str, ...]
    orders_per_page: int
    shipments_per_page: int
    requests_per_second: float
    answer_seconds: float
    attempts: int
    longest_wait_seconds: float
    overlap: timedelta
    first: timedelta
    delivery_type_age: timedelta
    shipment_age: timedelta
    delivered_states: frozenset[str]

    @classmethod
    def of(cls, table: dict[str, Any]) -> "ApiFacts":
        """The facts of a table that `ApiTable` has loaded."""
        same = {name: value for name, value in table.items() if name in cls.__slots__}
        return cls(
            **same
            | {
                "paths": Paths(**table["paths"]),
                "scopes": tuple(table["scopes"]),
                "overlap": timedelta(minutes=table["overlap_minutes"]),
                "first": timedelta(days=table["first_days"]),
                "delivery_type_age": timedelta(hours=table["delivery_type_hours"]),
                "shipment_age": timedelta(days=table["shipment_days"]),
                "delivered_states": frozenset(table["delivered_states"]),
            }
        )


def _host(text: str) -> None:
    url = urlsplit(text)
    loopback = url.scheme == "http" and url.hostname in _LOOPBACK
    if not url.hostname or not (url.scheme == "https" or loopback):
        raise ValidationError("must be https://…; http:// to this machine only")
    if url.path or url.query or url.fragment or url.username:
        raise ValidationError("must be a host alone, such as https://api.otto.market")


def _path(text: str) -> None:
    if not text.startswith("/") or text.startswith("//") or "?" in text or "#" in text:
        raise ValidationError("must be a path that begins with one slash, without query")


class _Table(Schema):
    class Meta:
        unknown = RAISE


class _PathsTable(_Table):
    token = fields.String(required=True, validate=_path)
    orders = fields.String(required=True, validate=_path)
    delivery_information = fields.String(required=True, validate=_path)
    shipping_profile = fields.String(required=True, validate=_path)
    shipments = fields.String(required=True, validate=_path)
    shipment = fields.String(required=True, validate=_path)


_NAME = validate.Regexp(r"[a-z][a-z0-9-]{0,31}\Z")
_WORD = fields.String(validate=validate.Regexp(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z"))


class ApiTable(_Table):
    """The table `[api]`, as it must be."""

    hosts = fields.Dict(
        keys=fields.String(validate=_NAME),
        values=fields.String(validate=_host),
        required=True,
        validate=validate.Length(1),
    )
    paths = fields.Nested(_PathsTable, required=True)
    scopes = fields.List(_WORD, required=True, validate=validate.Length(1))
    orders_per_page = fields.Integer(required=True, validate=validate.Range(1, 128))
    shipments_per_page = fields.Integer(required=True, validate=validate.Range(1, 100))
    requests_per_second = fields.Float(required=True, validate=validate.Range(0.01, 1000))
    answer_seconds = fields.Float(required=True, validate=validate.Range(0.01, 600))
    attempts = fields.Integer(required=True, validate=validate.Range(1, 20))
    longest_wait_seconds = fields.Float(required=True, validate=validate.Range(0, 3600))
    overlap_minutes = fields.Integer(required=True, validate=validate.Range(0, 7 * 24 * 60))
    first_days = fields.Integer(required=True, validate=validate.Range(1, 90))
    delivery_type_hours = fields.Integer(required=True, validate=validate.Range(1, 24 * 30))
    shipment_days = fields.Integer(required=True, validate=validate.Range(1, 90))
    delivered_states = fields.List(_WORD, required=True, validate=validate.Length(1))


def misplaced(paths: Mapping[str, str]) -> str | None:
    """Which path does not hold the one name in braces that belongs to it."""
    for name, path in paths.items():
        try:
            found = [field for _, field, _, _ in Formatter().parse(path) if field is not None]
        except ValueError:
            found = ["{"]
        wanted = [_PARAMETERS[name]] if name in _PARAMETERS else []
        if found != wanted:
            return f"api.paths.{name}: " + (
                f"must hold {{{wanted[0]}}} once" if wanted else "must hold no name in braces"
            )
    return None
