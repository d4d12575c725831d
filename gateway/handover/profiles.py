"""Where carriers' own order documents name the order, and where the contact goes: read from config/carriers/."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from gateway.errors import ConfigurationError
from gateway.marketplaces.paths import by_path
from gateway.settings import Settings

FIELD_OF = {
    "{name}": "name",
    "{phone}": "phone",
    "{landline}": "phone",
    "{mobile}": "phone",
    "{email}": "email",
}
"""What may stand for a value in a profile, and the contact field that it comes from."""

Constant = str | int | bool


@dataclass(frozen=True, slots=True)
class Place:
    """An object in a document: at a pointer, or the element of a list that has certain members."""

    pointer: tuple[str, ...]
    where: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Put:
    """Members to write at a place, and how long each may be."""

    place: Place
    members: Mapping[str, Constant]
    longest: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Profile:
    """A carrier's order document. The rates are what the carrier takes; None: it names none."""

    key_header: str
    per_second: int | None
    per_day: int | None
    order_number: Place
    order_member: str
    puts: Sequence[Put]

    def fields(self) -> frozenset[str]:
        """The contact fields that the document has a place for: nothing else is asked for."""
        values = [value for put in self.puts for value in put.members.values()]
        return frozenset(FIELD_OF[value] for value in values if value in FIELD_OF)


def path(settings: Settings, name: str) -> Path:
    """Where the profile of this name is."""
    return settings.config_file(f"carriers/{name}.toml")


def load(path: Path) -> Profile:
    """The profile in a TOML file; ConfigurationError names each key that does not hold."""
    try:
        table = _ProfileTable().load(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such profile") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationError(f"{path}: {fault}") from None
    except ValidationError as fault:
        errors = by_path(fault.messages_dict)
        lines = (f"{path}: {key}: {' '.join(texts)}" for key, texts in errors.items())
        raise ConfigurationError("\n".join(lines)) from None
    profile = Profile(
        key_header=table["key_header"],
        per_second=table["per_second"],
        per_day=table["per_day"],
        order_number=_place(table["order_number"]),
        order_member=table["order_number"]["member"],
        puts=tuple(Put(_place(put), put["set"], put["longest"]) for put in table["put"]),
    )
    if not profile.fields():
        raise ConfigurationError(f"{path}: put: names no place for any part of the contact")
    return profile


def _place(table: Mapping[str, Any]) -> Place:
    if table["list"] is not None:
        return Place(_tokens(table["list"]), table["where"])
    return Place(_tokens(table["at"]), None)


def _tokens(pointer: str) -> tuple[str, ...]:
    """The reference tokens of a JSON Pointer (RFC 6901 §4)."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


class _Table(Schema):
    class Meta:
        unknown = RAISE


_POINTER = validate.Regexp(r"(/([^~/]|~[01])+)*\Z", error="is no JSON Pointer")
_HEADER = validate.Regexp(r"[A-Za-z][A-Za-z0-9-]{0,63}\Z", error="is no name of a header")


class _PlaceTable(_Table):
    at = fields.String(load_default=None, validate=_POINTER)
    list = fields.String(load_default=None, validate=[_POINTER, validate.Length(1)])
    where = fields.Dict(
        keys=fields.String(), values=fields.String(), load_default=None, validate=validate.Length(1)
    )

    @validates_schema
    def _one_place(self, data: Mapping[str, Any], **_: Any) -> None:
        named = {name for name in ("at", "list", "where") if data.get(name) is not None}
        if named not in ({"at"}, {"list", "where"}):
            raise ValidationError("name `at`, or `list` with `where`", "at")


class _NumberTable(_PlaceTable):
    member = fields.String(required=True, validate=validate.Length(1))


class _Value(fields.Field[Constant]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Constant:
        if not isinstance(value, str | int | bool):
            raise ValidationError("is a text, a number, true or false")
        if isinstance(value, str) and "{" in value and value not in FIELD_OF:
            raise ValidationError(f"is none of {', '.join(FIELD_OF)}")
        return value


class _PutTable(_PlaceTable):
    set = fields.Dict(
        keys=fields.String(), values=_Value(), required=True, validate=validate.Length(1)
    )
    longest = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, validate=validate.Range(1)),
        load_default=dict,
    )


class _ProfileTable(_Table):
    key_header = fields.String(required=True, validate=_HEADER)
    per_second = fields.Integer(strict=True, load_default=None, validate=validate.Range(1))
    per_day = fields.Integer(strict=True, load_default=None, validate=validate.Range(1))
    order_number = fields.Nested(_NumberTable, required=True)
    put = fields.List(fields.Nested(_PutTable), required=True, validate=validate.Length(1))
