"""Reads the carrier registrations that an operator writes; what it does not know it refuses, by name."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from marshmallow import RAISE, Schema, ValidationError, validate
from marshmallow import fields as kinds

from gateway.errors import ConfigurationError
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.marketplaces.paths import by_path
from gateway.model.carrier import Carrier
from gateway.usecases.clients import DEFAULT_PURPOSES
from gateway.usecases.questions import CONTACT_FIELDS
from policies.question import Mode, Purpose, Role

_ID = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z"
_RSA_BITS = 2048
_MODES = (Mode.FREIGHT.value, Mode.PARCEL.value)
_PURPOSES = tuple(purpose.value for purpose in DEFAULT_PURPOSES[Role.CARRIER])


def read_carriers(path: Path, facts: OttoFacts) -> list[Carrier]:
    """The registrations in the TOML file at `path`, by id.

    ConfigurationError names, a line each, every carrier and key that does not hold. A file without
    any carrier is one: it would withdraw them all.
    """
    try:
        file = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationError(f"{path}: {fault}") from None
    try:
        tables = _File().load(file)["carriers"]
    except ValidationError as fault:
        raise _refused(path, by_path(fault.messages_dict)) from None
    if errors := _contradictions(tables, facts):
        raise _refused(path, errors)
    return [_carrier(carrier_id, tables[carrier_id]) for carrier_id in sorted(tables)]


def last_day(carrier: Carrier) -> date:
    """The last day of a registration, as the file names it."""
    return (carrier.valid_until - timedelta(days=1)).date()


def _refused(path: Path, errors: Mapping[str, list[str]]) -> ConfigurationError:
    lines = (f"{path}: {_plain(key)}: {' '.join(texts)}" for key, texts in errors.items())
    return ConfigurationError("\n".join(lines))


def _plain(key: str) -> str:
    """A path as the file reads: without the table of all, and marshmallow's words for its members."""
    return key.removeprefix("carriers.").removesuffix(".key").replace(".value", "", 1)


def _contradictions(
    tables: Mapping[str, Mapping[str, Any]], facts: OttoFacts
) -> dict[str, list[str]]:
    """What each key by itself does not show."""
    errors: dict[str, list[str]] = {}
    claimed = Counter(code for table in tables.values() for code in table["otto_codes"])
    for carrier_id, table in tables.items():
        if table["valid_until"] < table["valid_from"]:
            errors[f"{carrier_id}.valid_until"] = ["lies before valid_from"]
        if (table["order_profile"] is None) != (table["order_endpoint"] is None):
            errors[f"{carrier_id}.order_profile"] = ["belongs together with order_endpoint"]
        codes = [_why_not(code, table, claimed, facts) for code in table["otto_codes"]]
        if any(codes):
            errors[f"{carrier_id}.otto_codes"] = [text for text in codes if text]
    return errors


def _why_not(
    code: str, table: Mapping[str, Any], claimed: Mapping[str, int], facts: OttoFacts
) -> str | None:
    if code not in facts.carrier_codes:
        return f"{code} is no carrier code of marketplaces/otto.toml."
    if facts.carrier_codes[code] not in table["modes"]:
        return f"{code} stands for {facts.carrier_codes[code]}, which modes does not name."
    return f"{code} is claimed by another carrier too." if claimed[code] > 1 else None


def _carrier(carrier_id: str, table: Mapping[str, Any]) -> Carrier:
    return Carrier(
        carrier_id=carrier_id,
        name=table["name"],
        otto_codes=tuple(sorted(table["otto_codes"])),
        modes=frozenset(map(Mode, table["modes"])),
        fields=frozenset(table["fields"]),
        purposes=frozenset(map(Purpose, table["purposes"])),
        valid_from=_midnight(table["valid_from"]),
        valid_until=_midnight(table["valid_until"]) + timedelta(days=1),
        endpoint=table["endpoint"],
        public_key=table["public_key"],
        order_profile=table["order_profile"],
        order_endpoint=table["order_endpoint"],
        bound_tokens=table["bound_tokens"],
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class _Day(kinds.Field[date]):
    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        if type(value) is not date:
            raise ValidationError("must be a day without quotes, such as 2027-12-31")
        return value


def _choices(names: tuple[str, ...]) -> Any:
    def distinct(values: list[str]) -> None:
        if len(set(values)) < len(values):
            raise ValidationError("names something twice")

    known = validate.OneOf(names, error="{input} is not one of {choices}.")
    checks: list[Any] = [
        validate.Length(min=1, error="names nothing, so it would allow nothing"),
        distinct,
    ]
    return kinds.List(kinds.String(validate=known), required=True, validate=checks)


def _https(text: str) -> None:
    try:
        url = urlsplit(text)
        fits = url.scheme == "https" and url.hostname and not url.username and not url.fragment
        fits = fits and (url.port is None or url.port > 0)
    except ValueError:
        fits = False
    if not fits or any(ord(character) <= 32 or ord(character) > 126 for character in text):
        raise ValidationError("must be an https:// URL without user or fragment")


def _public_key(text: str) -> None:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValidationError("must be a public key in PEM, -----BEGIN PUBLIC KEY-----") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return
    if not isinstance(key, x25519.X25519PublicKey):
        raise ValidationError(f"must be a key on P-256 or X25519, or RSA of {_RSA_BITS} bits up")


class _Table(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "there is no such key"}  # noqa: RUF012  marshmallow's own way


class _CarrierTable(_Table):
    name = kinds.String(required=True, validate=validate.Regexp(r"[^\x00-\x1f\x7f]{1,200}\Z"))
    otto_codes = kinds.List(kinds.String(), load_default=list)
    modes = _choices(_MODES)
    fields = _choices(CONTACT_FIELDS)
    purposes = _choices(_PURPOSES)
    valid_from = _Day(required=True)
    valid_until = _Day(required=True)
    endpoint = kinds.String(load_default=None, validate=_https)
    public_key = kinds.String(load_default=None, validate=_public_key)
    order_profile = kinds.String(load_default=None, validate=validate.Regexp(_ID))
    order_endpoint = kinds.String(load_default=None, validate=_https)
    bound_tokens = kinds.Boolean(load_default=False, truthy={True}, falsy={False})


class _File(_Table):
    carriers = kinds.Dict(
        keys=kinds.String(
            validate=validate.Regexp(_ID, error="ids are lower-case letters, digits and hyphens")
        ),
        values=kinds.Nested(_CarrierTable),
        required=True,
        validate=validate.Length(min=1, error="none: applying this would withdraw them all"),
        error_messages={"required": "none: applying this would withdraw them all"},
    )
