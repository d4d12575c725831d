"""What is held to be true about OTTO, read from its configuration file; nothing of it stands in code."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Any, Self

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.errors import ConfigurationError
from gateway.marketplaces.otto.api_facts import ApiFacts, ApiTable, misplaced
from gateway.marketplaces.otto.mail import normalised
from gateway.marketplaces.paths import by_path
from policies.question import Mode

_PARTS = ("first", "last", "order_number")
_LITERAL = re.compile(r"[A-Za-z0-9._-]*")
_LONGEST_LITERALS = 32  # octets; with the order number that leaves names at least 22 of the 64
_LONGEST_DOMAIN = 180  # octets; with 64 before the @ an address stays below 254


@dataclass(frozen=True, slots=True)
class SkuTable:
    """Delivery types by SKU; `prefixes` hold the entries that ended in *, the longest first."""

    exact: Mapping[str, str]
    prefixes: tuple[tuple[str, str], ...]

    def delivery_type(self, sku: str) -> str | None:
        """The delivery type of `sku`, or None where the table does not know it."""
        if sku in self.exact:
            return self.exact[sku]
        return next((kind for prefix, kind in self.prefixes if sku.startswith(prefix)), None)

    def under(self, found: Mapping[str, str]) -> "SkuTable":
        """This table, with what the marketplace itself said before everything in it."""
        return replace(self, exact={**self.exact, **found})


@dataclass(frozen=True, slots=True, kw_only=True)
class OttoFacts:
    """The facts of `config/marketplaces/otto.toml`; each key's meaning and source stand there."""

    relay_domains: frozenset[str]
    placeholder_domain: str
    placeholder_pattern: str
    delivery_types: Mapping[str, Mode]
    carrier_codes: Mapping[str, Mode]
    skus: SkuTable
    api: ApiFacts

    @classmethod
    def load(cls, path: Path) -> Self:
        """The facts in the TOML file at `path`; ConfigurationError names the key that does not hold."""
        try:
            tables = _File().load(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise ConfigurationError(f"{path}: cannot be read: {fault}") from None
        except ValidationError as fault:
            faults = by_path(fault.messages_dict).items()
            listed = "; ".join(f"{key}: {' '.join(messages)}" for key, messages in faults)
            raise ConfigurationError(f"{path}: {listed}") from None
        try:
            return cls._of(tables)
        except ValueError as fault:
            raise ConfigurationError(f"{path}: {fault}") from None

    @classmethod
    def _of(cls, tables: dict[str, Any]) -> Self:
        placeholder_domain = tables["placeholder"]["domain"]
        relay_domains = frozenset(tables["relay"]["domains"])
        if placeholder_domain in relay_domains:
            raise ValueError(
                "placeholder.domain: is a relay domain; a placeholder would look alive"
            )
        if fault := misplaced(tables["api"]["paths"]):
            raise ValueError(fault)
        delivery_types = _modes("delivery_types", tables["delivery_types"])
        return cls(
            relay_domains=relay_domains,
            placeholder_domain=placeholder_domain,
            placeholder_pattern=tables["placeholder"]["pattern"],
            delivery_types=delivery_types,
            carrier_codes=_modes("carriers", tables["carriers"]),
            skus=_sku_table(tables["sku"], delivery_types),
            api=ApiFacts.of(tables["api"]),
        )


def _modes(table: str, lists: dict[str, list[str]]) -> dict[str, Mode]:
    if both := set(lists["parcel"]) & set(lists["freight"]):
        raise ValueError(f"{table}: {min(both)} is in both lists")
    return dict.fromkeys(lists["parcel"], Mode.PARCEL) | dict.fromkeys(
        lists["freight"], Mode.FREIGHT
    )


def _sku_table(entries: dict[str, Any], delivery_types: Mapping[str, Mode]) -> SkuTable:
    for sku, kind in entries.items():
        if not isinstance(kind, str) or kind not in delivery_types:
            raise ValueError(f'sku."{sku}": must be one of {", ".join(sorted(delivery_types))}')
        if not sku.removesuffix("*") or "*" in sku.removesuffix("*"):
            raise ValueError(f'sku."{sku}": a * may stand at the end only, after the beginning')
    prefixes = [(sku[:-1], kind) for sku, kind in entries.items() if sku.endswith("*")]
    return SkuTable(
        exact={sku: kind for sku, kind in entries.items() if not sku.endswith("*")},
        prefixes=tuple(sorted(prefixes, key=lambda entry: -len(entry[0]))),
    )


def _domain(text: str) -> None:
    if len(text) > _LONGEST_DOMAIN or normalised(f"a@{text}") != f"a@{text}":
        raise ValidationError("must be a mail domain in lower case, for example customer.example")


def _pattern(text: str) -> None:
    try:
        pieces = list(Formatter().parse(text))
    except ValueError:
        raise ValidationError("has a brace that is not closed") from None
    names = [name for _, name, _, _ in pieces if name is not None]
    if any(name not in _PARTS or names.count(name) > 1 for name in names) or any(
        spec or conversion for _, _, spec, conversion in pieces
    ):
        raise ValidationError("may hold {first}, {last} and {order_number}, each once")
    if "order_number" not in names:
        raise ValidationError("must hold {order_number}, which tells one buyer from another")
    literals = "".join(literal for literal, _, _, _ in pieces)
    if not _LITERAL.fullmatch(literals) or len(literals) > _LONGEST_LITERALS:
        raise ValidationError(
            "may hold letters, digits, dots, dashes and underscores beside the names, "
            f"{_LONGEST_LITERALS} at most"
        )


class _Table(Schema):
    class Meta:
        unknown = RAISE


_CODE = fields.String(validate=validate.Regexp(r"[A-Z][A-Z0-9_]{0,63}\Z"))


class _RelayTable(_Table):
    domains = fields.List(
        fields.String(validate=_domain), required=True, validate=validate.Length(1)
    )


class _PlaceholderTable(_Table):
    domain = fields.String(required=True, validate=_domain)
    pattern = fields.String(required=True, validate=_pattern)


class _ModeTable(_Table):
    parcel = fields.List(_CODE, required=True, validate=validate.Length(1))
    freight = fields.List(_CODE, required=True, validate=validate.Length(1))


class _File(_Table):
    relay = fields.Nested(_RelayTable, required=True)
    placeholder = fields.Nested(_PlaceholderTable, required=True)
    delivery_types = fields.Nested(_ModeTable, required=True)
    carriers = fields.Nested(_ModeTable, required=True)
    api = fields.Nested(ApiTable, required=True)
    sku = fields.Dict(required=True)
