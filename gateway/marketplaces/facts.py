"""The facts that every marketplace's orders are derived by, and how their configuration is written."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.errors import ConfigurationError
from gateway.marketplaces.mail import normalised
from gateway.marketplaces.paths import by_path
from gateway.model.order import Bar
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
class DerivationFacts:
    """What a derivation rests on; each key's meaning stands in the marketplace's own file."""

    marketplace: str
    bar: Bar
    relay_domains: frozenset[str]
    placeholder_domain: str
    placeholder_pattern: str
    delivery_types: Mapping[str, Mode]
    carrier_codes: Mapping[str, Mode]
    skus: SkuTable


def shared(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `DerivationFacts` out of loaded tables; ValueError names the key that is wrong."""
    placeholder_domain = tables["placeholder"]["domain"]
    relay_domains = frozenset(tables["relay"]["domains"])
    if placeholder_domain in relay_domains:
        raise ValueError("placeholder.domain: is a relay domain; a placeholder would look alive")
    delivery_types = _modes("delivery_types", tables["delivery_types"])
    return {
        "relay_domains": relay_domains,
        "placeholder_domain": placeholder_domain,
        "placeholder_pattern": tables["placeholder"]["pattern"],
        "delivery_types": delivery_types,
        "carrier_codes": _modes("carriers", tables["carriers"]),
        "skus": _sku_table(tables["sku"], delivery_types),
    }


def load_tables(path: Path, schema: Schema) -> dict[str, Any]:
    """The tables of a TOML file in their shape; ConfigurationError names each key that is wrong."""
    try:
        tables: dict[str, Any] = schema.load(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationError(f"{path}: cannot be read: {fault}") from None
    except ValidationError as fault:
        faults = by_path(fault.messages_dict).items()
        listed = "; ".join(f"{key}: {' '.join(messages)}" for key, messages in faults)
        raise ConfigurationError(f"{path}: {listed}") from None
    return tables


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


def mail_domain(text: str) -> None:
    """A field's validator: the domain of mail addresses."""
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


class Strict(Schema):
    """A table of which every key is known."""

    class Meta:
        unknown = RAISE


_CODE = fields.String(validate=validate.Regexp(r"[A-Z][A-Z0-9_]{0,63}\Z"))


class RelayTable(Strict):
    """What a relay address is."""

    domains = fields.List(
        fields.String(validate=mail_domain), required=True, validate=validate.Length(1)
    )


class PlaceholderTable(Strict):
    """What shops get where there is no relay."""

    domain = fields.String(required=True, validate=mail_domain)
    pattern = fields.String(required=True, validate=_pattern)


class ModeTable(Strict):
    """Words that mean parcel, and words that mean freight."""

    parcel = fields.List(_CODE, required=True, validate=validate.Length(1))
    freight = fields.List(_CODE, required=True, validate=validate.Length(1))
