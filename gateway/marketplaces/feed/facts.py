"""What is held to be true about one order feed, read from its file; a map with an error is refused by name."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import ValidationError, fields, validate

from gateway.errors import ConfigurationError
from gateway.marketplaces.countries import alpha2
from gateway.marketplaces.facts import (
    DerivationFacts,
    PlaceholderTable,
    Strict,
    load_tables,
    mail_domain,
    shared,
)
from gateway.model.order import Bar, Status

OF_ORDER = ("order_number", "order_date", "changed", "name", "first_name", "last_name", "postcode")
OF_CONTACT = ("country", "phone", "email")
OF_PIECE = ("piece", "sku", "quantity", "delivery_type", "carrier", "state", "delivered")
KEYS = (*OF_ORDER, *OF_CONTACT, *OF_PIECE)
"""What a column can be."""

_NEEDED = ("order_number", "order_date", "country", "state")
_OWN = frozenset(KEYS) - {"country", "delivery_type", "carrier", "state", "quantity"}
_PREFIX = r"[A-Za-z][A-Za-z0-9]{0,10}-\Z"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_PIECES = "[]."


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the file is written. `records` names the member of a JSON object that holds the list."""

    format: str
    encoding: str
    delimiter: str
    quote: str
    records: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFacts(DerivationFacts):
    """The facts of `config/marketplaces/<marketplace>.toml`; each key's meaning stands in feed.toml.

    `columns` and `fixed` go by our own names; `words` hold, by column, what each word of theirs
    (casefolded) means.
    """

    prefix: str
    layout: Layout
    columns: Mapping[str, str]
    fixed: Mapping[str, str]
    required: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]
    date_formats: tuple[str, ...]
    time_zone: ZoneInfo
    repair_phones: bool

    @classmethod
    def load(cls, path: Path) -> Self:
        """The facts in the TOML file at `path`; ConfigurationError names the key that does not hold."""
        tables = load_tables(path, _File())
        try:
            return cls._of(path.stem, tables)
        except ValueError as fault:
            raise ConfigurationError(f"{path}: {fault}") from None

    @classmethod
    def _of(cls, name: str, tables: dict[str, Any]) -> Self:
        if not _NAME.fullmatch(name):
            raise ValueError("the file's name must be lower-case letters, digits and dashes")
        columns, fixed = tables["columns"], tables["fixed"]
        _check_columns(columns, fixed, tables["required"], tables["file"]["format"])
        retention = tables["retention"]
        common = shared(tables)
        return cls(
            marketplace=name,
            bar=Bar(
                after_delivery=_days(retention["after_delivery_days"]),
                latest=_days(retention["latest_days"]),
            ),
            **common,
            prefix=tables["number_prefix"],
            layout=Layout(**tables["file"]),
            columns=columns,
            fixed=fixed,
            required=tuple(tables["required"]),
            words={
                "state": _words("states", {one.value: [one.value] for one in Status}, tables),
                "country": _words("countries", _countries(), tables),
                "delivery_type": _folded("delivery_types", common["delivery_types"]),
                "carrier": _folded("carriers", common["carrier_codes"]),
            },
            date_formats=tuple(tables["dates"]["formats"]),
            time_zone=_zone(tables["dates"]["time_zone"]),
            repair_phones=tables["phones"]["damaged"] == "repair",
        )

    @property
    def of_pieces(self) -> str | None:
        """The JSON list that holds a record's pieces; None where a record or row is one piece."""
        lists = {path.partition(_PIECES)[0] for path in self.columns.values() if _PIECES in path}
        return next(iter(lists)) if self.layout.format == "json" and lists else None


def check_prefixes(feeds: Mapping[str, FeedFacts]) -> None:
    """ConfigurationError where two feeds' order numbers could not be told apart."""
    seen: dict[str, str] = {}
    for name, facts in feeds.items():
        if (other := seen.setdefault(facts.prefix, name)) != name:
            raise ConfigurationError(
                f"marketplaces/{name}.toml: number_prefix: {other} has {facts.prefix} already; "
                "two orders of one number must stay two"
            )


def _check_columns(
    columns: Mapping[str, str], fixed: Mapping[str, str], required: list[str], form: str
) -> None:
    for key in columns:
        if key in fixed:
            raise ValueError(f"fixed.{key}: columns.{key} gives it already; leave one out")
    for key in _NEEDED:
        if key not in columns and key not in fixed:
            raise ValueError(f"columns.{key}: is missing; every order needs it")
    for key in _OWN:
        if key in fixed:
            raise ValueError(f"fixed.{key}: differs from order to order; it needs a column")
    _check_names(columns)
    for key in required:
        if key not in columns:
            raise ValueError(f"required: {key} has no column in columns")
    if form == "json":
        _check_paths(columns)


def _check_names(columns: Mapping[str, str]) -> None:
    if not {"name", "last_name"} & columns.keys():
        raise ValueError("columns.name: is missing; name, or first_name and last_name, is needed")
    if "name" in columns and {"first_name", "last_name"} & columns.keys():
        raise ValueError("columns.name: leave it out beside first_name and last_name")
    for name, count in Counter(columns.values()).items():
        if count > 1:
            keys = " and ".join(f"columns.{key}" for key, one in columns.items() if one == name)
            raise ValueError(f'{keys}: both name the column "{name}"')


def _check_paths(columns: Mapping[str, str]) -> None:
    lists = {path.partition(_PIECES)[0] for path in columns.values() if _PIECES in path}
    if len(lists) > 1:
        raise ValueError(f"columns: pieces stand in one list, not in {' and '.join(sorted(lists))}")
    for key, path in columns.items():
        if _PIECES in path and key not in OF_PIECE:
            raise ValueError(f"columns.{key}: belongs to the order, not to a piece of it ([])")


def _words(table: str, ours: Mapping[str, list[str]], tables: Mapping[str, Any]) -> dict[str, str]:
    """Their words and our own by what they mean; a word of two meanings is refused."""
    found = {word.casefold(): meaning for meaning, words in ours.items() for word in words}
    for meaning, words in tables[table].items():
        if meaning not in ours:
            raise ValueError(f"{table}.{meaning}: is none of {', '.join(sorted(ours))}")
        for word in words:
            if found.setdefault(word.casefold(), meaning) != meaning:
                raise ValueError(f'{table}.{meaning}: "{word}" means {found[word.casefold()]} too')
    return found


def _folded(table: str, words: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        if found.setdefault(word.casefold(), word) != word:
            raise ValueError(f'{table}: "{word}" stands in it twice, in capitals and without')
    return found


def _countries() -> dict[str, list[str]]:
    return {alpha3: [alpha3, two] for alpha3, two in alpha2().items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("dates.time_zone: must be a zone's name, such as Europe/Berlin") from None


def _days(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _encoding(text: str) -> None:
    if text not in ENCODINGS:
        raise ValidationError(f"must be one of {', '.join(ENCODINGS)}")


ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15")
"""Those in which a line's end is one byte, so that a file can be read line by line."""

_WORD = fields.String(validate=validate.Length(1, 128))
_COLUMN = fields.String(required=False, validate=validate.Length(1, 128))


class _FileTable(Strict):
    format = fields.String(required=True, validate=validate.OneOf(["csv", "json"]))
    encoding = fields.String(load_default="utf-8", validate=_encoding)
    delimiter = fields.String(load_default=",", validate=validate.OneOf([",", ";", "\t", "|"]))
    quote = fields.String(load_default='"', validate=validate.OneOf(['"', "'", ""]))
    records = fields.String(load_default="", validate=validate.Length(0, 64))


class _TextOrder(Strict):
    parcel = fields.List(_WORD, load_default=list)
    freight = fields.List(_WORD, load_default=list)


class _DatesTable(Strict):
    formats = fields.List(_WORD, required=True, validate=validate.Length(1))
    time_zone = fields.String(required=True)


class _PhonesTable(Strict):
    damaged = fields.String(required=True, validate=validate.OneOf(["refuse", "repair"]))


class _RetentionTable(Strict):
    after_delivery_days = fields.Integer(
        strict=True, load_default=None, validate=validate.Range(1, 90)
    )
    latest_days = fields.Integer(strict=True, load_default=None, validate=validate.Range(1, 90))


class _RelayTable(Strict):
    domains = fields.List(fields.String(validate=mail_domain), required=True)


_ColumnsTable = Strict.from_dict(dict.fromkeys(KEYS, _COLUMN), name="ColumnsTable")


class _File(Strict):
    number_prefix = fields.String(
        required=True,
        validate=validate.Regexp(_PREFIX, error="must be up to 11 letters or digits and a dash"),
    )
    file = fields.Nested(_FileTable, required=True)
    columns = fields.Nested(_ColumnsTable, required=True)
    fixed = fields.Nested(_ColumnsTable, load_default=dict)
    required = fields.List(fields.String(validate=validate.OneOf(KEYS)), load_default=list)
    states = fields.Dict(fields.String(), fields.List(_WORD), load_default=dict)
    countries = fields.Dict(fields.String(), fields.List(_WORD), load_default=dict)
    dates = fields.Nested(_DatesTable, required=True)
    phones = fields.Nested(_PhonesTable, required=True)
    retention = fields.Nested(_RetentionTable, required=True)
    relay = fields.Nested(_RelayTable, required=True)
    placeholder = fields.Nested(PlaceholderTable, required=True)
    delivery_types = fields.Nested(_TextOrder, required=True)
    carriers = fields.Nested(_TextOrder, load_default=lambda: {"parcel": [], "freight": []})
    sku = fields.Dict(load_default=dict)
