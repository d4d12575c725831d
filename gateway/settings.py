"""The configuration, read once into frozen records; an unknown key or a bad value stops the start."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.errors import ConfigurationError
from gateway.resources import default_config

_PREFIX = "GATEWAY_"
_OWN_NAMES = frozenset({"GATEWAY_CONFIG", "GATEWAY_DATA", "GATEWAY_DATABASE"})


@dataclass(frozen=True, slots=True)
class Service:
    """Where and how the service listens."""

    host: str
    port: int
    workers: int
    threads: int
    metrics_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client, one body, one order may be."""

    requests_per_minute: int
    body_bytes: int
    orders_body_bytes: int
    order_bytes: int


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a contact may be handed over and how long it is kept.

    Some merchants keep contacts for another time than the others; `of` tells a merchant's own.
    """

    window_after_delivery: timedelta
    erase_after_delivery: timedelta
    erase_latest: timedelta
    own: Mapping[str, "Deadlines"] = field(default_factory=dict)

    def of(self, merchant: str) -> "Deadlines":
        """The deadlines of one merchant's contacts."""
        return self.own.get(merchant, self)

    @property
    def longest(self) -> timedelta:
        """The longest that any merchant's contact is kept."""
        return max([self.erase_latest, *(one.erase_latest for one in self.own.values())])


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a running service does what it does on its own time; zero: never."""

    orders: timedelta
    deliveries: timedelta
    retention: timedelta


class ProviderName(StrEnum):
    """Where the keys that wrap our keys are held."""

    FILE = "file"
    OPENBAO = "openbao"
    KMS = "aws-kms"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True)
class Keys:
    """Which provider wraps our keys, the keyring they stand in, the file provider's root key.

    An unwrapped key stays in memory for `cache` at the most without the provider's word.
    """

    provider: ProviderName
    cache: timedelta
    keyring: Path
    root: Path


@dataclass(frozen=True, slots=True)
class OpenBaoSettings:
    """The transit engine of an OpenBao or Vault server."""

    url: str
    mount: str
    prefix: str
    token_file: Path
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class KmsSettings:
    """A key of AWS KMS, by id, ARN or alias."""

    key_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Pkcs11Settings:
    """A token behind a PKCS#11 library."""

    module: Path
    token: str
    pin_file: Path
    prefix: str


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """For whom backups are encrypted (age recipients), and where the list of erasures stands.

    No recipient is of both: whoever opens the database's backup must not open the keyring's.
    """

    recipients: tuple[str, ...]
    keyring_recipients: tuple[str, ...]
    tombstones: Path


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """The address under which browsers reach the console, empty for this machine's own; its clock."""

    address: str
    time_zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class OauthSettings:
    """The address under which clients reach the API, empty for this machine's own.

    `certificate_proxies` are those whose word counts on a client's certificate.
    """

    issuer: str
    certificate_proxies: tuple[IPv4Network | IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """A witness by our own name for it: its address, and its verifier key as text."""

    name: str
    url: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Witnessing:
    """Who cosigns checkpoints, how often they are asked, and how many make one witnessed."""

    every: timedelta
    quorum: int
    known: tuple[WitnessSettings, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """Where checkpoints are handed to, out of the service's own reach; None: not there."""

    every: timedelta
    directory: Path | None
    webhook: str | None
    mailbox: str | None


@dataclass(frozen=True, slots=True)
class Siem:
    """Where every entry is posted to, how often, and the file of the token that goes along."""

    url: str | None
    token_file: Path | None
    every: timedelta


class MailSecurity(StrEnum):
    """How the connection to the mail server is encrypted."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The server that mail is handed to, and the address that it comes from."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    user: str
    password_file: Path | None


@dataclass(frozen=True, slots=True)
class OpenidSettings:
    """The OpenID Connect provider that people sign in at; an empty issuer: none."""

    issuer: str
    client_id: str
    client_secret_file: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it; `data` is the data directory, `config` the directory of the file that was read."""

    data: Path
    config: Path
    database_url: str
    service: Service
    limits: Limits
    deadlines: Deadlines
    schedule: Schedule
    keys: Keys
    openbao: OpenBaoSettings
    kms: KmsSettings
    pkcs11: Pkcs11Settings
    backup: BackupSettings
    console: ConsoleSettings
    oauth: OauthSettings
    openid: OpenidSettings
    origin: str
    period: str
    keep_log_months: int
    witnessing: Witnessing
    holding: Holding
    siem: Siem
    mail: MailSettings

    def config_file(self, name: str) -> Path:
        """A further configuration file: beside the one that was read, else as shipped."""
        beside = self.config / name
        return beside if beside.exists() else default_config() / name


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MAILBOX = validate.Regexp(
    r"(?:[!-?A-~]+@[!-?A-~]+)?\Z", error="one address, such as a@example.org"
)


class _Table(Schema):
    class Meta:
        unknown = RAISE


class _ServiceTable(_Table):
    host = fields.String(required=True, validate=validate.Length(min=1))
    port = fields.Integer(required=True, validate=validate.Range(1, 65535))
    workers = fields.Integer(required=True, validate=validate.Range(1, 256))
    threads = fields.Integer(required=True, validate=validate.Range(1, 256))
    # RFC 6750's alphabet: it travels in an Authorization header.
    metrics_token = fields.String(
        required=True, validate=validate.Regexp(r"(?:[A-Za-z0-9._~+/-]{20,200})?\Z")
    )


class _DatabaseTable(_Table):
    url = fields.String(required=True)


class _LimitsTable(_Table):
    requests_per_minute = fields.Integer(required=True, validate=validate.Range(1))
    body_bytes = fields.Integer(required=True, validate=validate.Range(1024))
    orders_body_bytes = fields.Integer(required=True, validate=validate.Range(1024))
    order_bytes = fields.Integer(required=True, validate=validate.Range(1024))


class _WindowTable(_Table):
    after_delivery_days = fields.Integer(required=True, validate=validate.Range(0, 30))


class _TermsTable(_Table):
    after_delivery_days = fields.Integer(required=True, validate=validate.Range(0, 90))
    latest_days = fields.Integer(required=True, validate=validate.Range(1, 90))


class _RetentionTable(_TermsTable):
    merchants = fields.Dict(
        keys=fields.String(), values=fields.Nested(_TermsTable), load_default=dict
    )


class _ScheduleTable(_Table):
    orders_minutes = fields.Integer(required=True, validate=validate.Range(0, 24 * 60))
    deliveries_minutes = fields.Integer(required=True, validate=validate.Range(0, 7 * 24 * 60))
    retention_minutes = fields.Integer(required=True, validate=validate.Range(0, 24 * 60))


class _KeysTable(_Table):
    provider = fields.Enum(ProviderName, by_value=True, required=True)
    cache_seconds = fields.Integer(required=True, validate=validate.Range(1, 86400))
    keyring_file = fields.String(required=True)
    root_file = fields.String(required=True)


# A name that fits a URL's path, a token's label and a key's name alike.
_PREFIX_SHAPE = validate.Regexp(r"[a-z0-9-]{0,32}\Z")


class _OpenBaoTable(_Table):
    url = fields.String(required=True)
    mount = fields.String(required=True, validate=validate.Regexp(r"[A-Za-z0-9_/-]{1,100}\Z"))
    prefix = fields.String(required=True, validate=_PREFIX_SHAPE)
    token_file = fields.String(required=True)
    ca_file = fields.String(required=True)


class _KmsTable(_Table):
    key_id = fields.String(required=True)
    region = fields.String(required=True)


class _Pkcs11Table(_Table):
    module = fields.String(required=True)
    token = fields.String(required=True)
    pin_file = fields.String(required=True)
    prefix = fields.String(required=True, validate=_PREFIX_SHAPE)


class _BackupTable(_Table):
    recipients = fields.String(required=True)
    keyring_recipients = fields.String(required=True)
    tombstones_file = fields.String(required=True)


def _origin(text: str) -> None:
    """Scheme and host, and nothing behind them; passkeys are bound to both."""
    if not text:
        return
    url = urlsplit(text)
    local = url.scheme == "http" and url.hostname == "localhost"
    if text != f"{url.scheme}://{url.netloc}" or not (url.scheme == "https" or local):
        raise ValidationError("scheme and host alone, https unless the host is localhost")


def _time_zone(text: str) -> None:
    try:
        ZoneInfo(text)
    except (ValueError, OSError):
        raise ValidationError("a time zone by its name, such as Europe/Berlin") from None


class _ConsoleTable(_Table):
    address = fields.String(required=True, validate=_origin)
    time_zone = fields.String(required=True, validate=_time_zone)


def _networks(text: str) -> None:
    for part in text.split():
        try:
            ip_network(part)
        except ValueError:
            raise ValidationError(
                f"{part} is no address and no network such as 10.0.0.0/8"
            ) from None


class _OauthTable(_Table):
    issuer = fields.String(required=True, validate=_origin)
    certificate_proxies = fields.String(required=True, validate=_networks)


class _AuditTable(_Table):
    # A signed note's key name: no spaces, no plus sign (C2SP signed-note).
    origin = fields.String(required=True, validate=validate.Regexp(r"[^\s+]{1,200}\Z"))
    period = fields.String(required=True, validate=validate.OneOf(["month", "quarter", "year"]))
    keep_months = fields.Integer(required=True, validate=validate.Range(1, 120))


def _outside(text: str) -> None:
    """An address that the operator chose: of any network, but nothing in the clear beyond this machine."""
    url = urlsplit(text)
    local = url.scheme == "http" and url.hostname in _LOOPBACK
    if text and not (url.hostname and (url.scheme == "https" or local)):
        raise ValidationError("https://…; http:// only to this machine")


class _WitnessTable(_Table):
    url = fields.String(required=True, validate=[validate.Length(min=1), _outside])
    vkey = fields.String(required=True, validate=validate.Length(min=1))


class _WitnessesTable(_Table):
    every_seconds = fields.Integer(required=True, validate=validate.Range(1, 86400))
    quorum = fields.Integer(required=True, validate=validate.Range(1, 100))
    known = fields.Dict(
        keys=fields.String(validate=validate.Regexp(r"[a-z0-9-]{1,40}\Z")),
        values=fields.Nested(_WitnessTable),
        load_default=dict,
    )


class _HoldersTable(_Table):
    every_hours = fields.Integer(required=True, validate=validate.Range(1, 24 * 7))
    directory = fields.String(required=True)
    webhook = fields.String(required=True, validate=_outside)
    mailbox = fields.String(required=True, validate=_MAILBOX)


class _SiemTable(_Table):
    url = fields.String(required=True, validate=_outside)
    token_file = fields.String(required=True)
    every_seconds = fields.Integer(required=True, validate=validate.Range(5, 3600))


class _MailTable(_Table):
    host = fields.String(required=True)
    port = fields.Integer(required=True, validate=validate.Range(1, 65535))
    security = fields.Enum(MailSecurity, by_value=True, required=True)
    sender = fields.String(required=True, validate=_MAILBOX)
    user = fields.String(required=True)
    password_file = fields.String(required=True)


class _OpenidTable(_Table):
    issuer = fields.String(required=True, validate=_outside)
    client_id = fields.String(required=True)
    client_secret_file = fields.String(required=True)


class _File(_Table):
    service = fields.Nested(_ServiceTable, required=True)
    database = fields.Nested(_DatabaseTable, required=True)
    limits = fields.Nested(_LimitsTable, required=True)
    window = fields.Nested(_WindowTable, required=True)
    retention = fields.Nested(_RetentionTable, required=True)
    schedule = fields.Nested(_ScheduleTable, required=True)
    keys = fields.Nested(_KeysTable, required=True)
    openbao = fields.Nested(_OpenBaoTable, required=True)
    kms = fields.Nested(_KmsTable, required=True)
    pkcs11 = fields.Nested(_Pkcs11Table, required=True)
    backup = fields.Nested(_BackupTable, required=True)
    console = fields.Nested(_ConsoleTable, required=True)
    oauth = fields.Nested(_OauthTable, required=True)
    openid = fields.Nested(_OpenidTable, required=True)
    audit = fields.Nested(_AuditTable, required=True)
    witnesses = fields.Nested(_WitnessesTable, required=True)
    holders = fields.Nested(_HoldersTable, required=True)
    siem = fields.Nested(_SiemTable, required=True)
    mail = fields.Nested(_MailTable, required=True)


def load(environment: Mapping[str, str]) -> Settings:
    """The settings: as shipped, then GATEWAY_CONFIG's file, then the environment."""
    shipped = default_config() / "gateway.toml"
    named = Path(environment["GATEWAY_CONFIG"]) if "GATEWAY_CONFIG" in environment else shipped
    tables = _merged(_read(shipped), _read(named), named)
    tables = _merged(tables, _from_environment(environment), "the environment")
    try:
        loaded = _File().load(tables)
    except ValidationError as fault:
        raise ConfigurationError(f"{named}: {_first(fault.messages)}") from None
    data = Path(environment.get("GATEWAY_DATA", "var")).absolute()
    url = environment.get("GATEWAY_DATABASE") or loaded["database"]["url"]
    return Settings(
        data=data,
        config=named.absolute().parent,
        database_url=url or f"sqlite:///{data / 'gateway.db'}",
        service=Service(**loaded["service"]),
        limits=Limits(**loaded["limits"]),
        deadlines=_deadlines(loaded["window"], loaded["retention"]),
        schedule=_schedule(loaded["schedule"]),
        keys=_keys(data, loaded),
        openbao=_openbao(loaded["openbao"]),
        kms=KmsSettings(**loaded["kms"]),
        pkcs11=_pkcs11(loaded["pkcs11"]),
        backup=_backup(data, loaded["backup"]),
        console=ConsoleSettings(
            address=loaded["console"]["address"],
            time_zone=ZoneInfo(loaded["console"]["time_zone"]),
        ),
        oauth=OauthSettings(
            issuer=loaded["oauth"]["issuer"],
            certificate_proxies=tuple(
                ip_network(part) for part in loaded["oauth"]["certificate_proxies"].split()
            ),
        ),
        openid=_openid(loaded["openid"]),
        origin=loaded["audit"]["origin"],
        period=loaded["audit"]["period"],
        keep_log_months=loaded["audit"]["keep_months"],
        witnessing=_witnessing(loaded["witnesses"]),
        holding=_holding(loaded["holders"], loaded["mail"]),
        siem=_siem(loaded["siem"]),
        mail=_mail(loaded["mail"]),
    )


def _deadlines(window: dict[str, int], retention: dict[str, Any]) -> Deadlines:
    own = {
        merchant: _terms(window, terms, f"retention.merchants.{merchant}")
        for merchant, terms in retention["merchants"].items()
    }
    return replace(_terms(window, retention, "retention"), own=own)


def _terms(window: dict[str, int], terms: dict[str, Any], named: str) -> Deadlines:
    if window["after_delivery_days"] > terms["after_delivery_days"]:
        raise ConfigurationError(
            f"window.after_delivery_days: longer than {named}.after_delivery_days, "
            "when the contact is already erased"
        )
    return Deadlines(
        window_after_delivery=timedelta(days=window["after_delivery_days"]),
        erase_after_delivery=timedelta(days=terms["after_delivery_days"]),
        erase_latest=timedelta(days=terms["latest_days"]),
    )


def _schedule(table: dict[str, int]) -> Schedule:
    return Schedule(
        orders=timedelta(minutes=table["orders_minutes"]),
        deliveries=timedelta(minutes=table["deliveries_minutes"]),
        retention=timedelta(minutes=table["retention_minutes"]),
    )


_NEEDED = {
    ProviderName.FILE: (),
    ProviderName.OPENBAO: ("url", "token_file"),
    ProviderName.KMS: ("key_id", "region"),
    ProviderName.PKCS11: ("module", "token", "pin_file"),
}
_TABLES = {ProviderName.OPENBAO: "openbao", ProviderName.KMS: "kms", ProviderName.PKCS11: "pkcs11"}


def _keys(data: Path, loaded: dict[str, Any]) -> Keys:
    keys = loaded["keys"]
    provider: ProviderName = keys["provider"]
    for key in _NEEDED[provider]:
        if not loaded[_TABLES[provider]][key]:
            raise ConfigurationError(
                f'{_TABLES[provider]}.{key}: keys.provider = "{provider}" needs it'
            )
    return Keys(
        provider=provider,
        cache=timedelta(seconds=keys["cache_seconds"]),
        keyring=_path(data, keys["keyring_file"], "keyring.json"),
        root=_path(data, keys["root_file"], "root.key"),
    )


def _openbao(table: dict[str, str]) -> OpenBaoSettings:
    url = urlsplit(table["url"])
    loopback = url.hostname in _LOOPBACK
    if table["url"] and not (url.scheme == "https" or (url.scheme == "http" and loopback)):
        raise ConfigurationError("openbao.url: https://…; http:// only to this machine")
    return OpenBaoSettings(
        url=table["url"],
        mount=table["mount"].strip("/"),
        prefix=table["prefix"],
        token_file=Path(table["token_file"]),
        ca_file=Path(table["ca_file"]) if table["ca_file"] else None,
    )


def _openid(table: dict[str, str]) -> OpenidSettings:
    for key in ("client_id", "client_secret_file"):
        if table["issuer"] and not table[key]:
            raise ConfigurationError(f"openid.{key}: openid.issuer needs it")
    return OpenidSettings(
        issuer=table["issuer"],
        client_id=table["client_id"],
        client_secret_file=Path(table["client_secret_file"]).absolute(),
    )


def _pkcs11(table: dict[str, str]) -> Pkcs11Settings:
    return Pkcs11Settings(
        module=Path(table["module"]),
        token=table["token"],
        pin_file=Path(table["pin_file"]),
        prefix=table["prefix"],
    )


def _backup(data: Path, table: dict[str, str]) -> BackupSettings:
    recipients = tuple(table["recipients"].split())
    keyring_recipients = tuple(table["keyring_recipients"].split())
    if set(recipients) & set(keyring_recipients):
        raise ConfigurationError(
            "backup.keyring_recipients: none of backup.recipients, who else could open both"
        )
    return BackupSettings(
        recipients=recipients,
        keyring_recipients=keyring_recipients,
        tombstones=_path(data, table["tombstones_file"], "tombstones"),
    )


def _witnessing(table: dict[str, Any]) -> Witnessing:
    known = tuple(WitnessSettings(name, **one) for name, one in table["known"].items())
    if known and table["quorum"] > len(known):
        raise ConfigurationError("witnesses.quorum: more than there are in witnesses.known")
    return Witnessing(timedelta(seconds=table["every_seconds"]), table["quorum"], known)


def _holding(table: dict[str, Any], mail: dict[str, Any]) -> Holding:
    for key in ("host", "sender"):
        if table["mailbox"] and not mail[key]:
            raise ConfigurationError(f"mail.{key}: holders.mailbox needs it")
    return Holding(
        every=timedelta(hours=table["every_hours"]),
        directory=Path(table["directory"]).absolute() if table["directory"] else None,
        webhook=table["webhook"] or None,
        mailbox=table["mailbox"] or None,
    )


def _siem(table: dict[str, Any]) -> Siem:
    return Siem(
        url=table["url"] or None,
        token_file=Path(table["token_file"]) if table["token_file"] else None,
        every=timedelta(seconds=table["every_seconds"]),
    )


def _mail(table: dict[str, Any]) -> MailSettings:
    if table["security"] is MailSecurity.NONE and table["host"] not in {"", *_LOOPBACK}:
        raise ConfigurationError("mail.security: none only to this machine")
    if bool(table["user"]) != bool(table["password_file"]):
        raise ConfigurationError("mail.user, mail.password_file: both or neither")
    file = Path(table["password_file"]) if table["password_file"] else None
    return MailSettings(**{**table, "password_file": file})


def _path(data: Path, named: str, default: str) -> Path:
    return Path(named).absolute() if named else data / default


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file (GATEWAY_CONFIG)") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationError(f"{path}: {fault}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    tables: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        if name.startswith(_PREFIX) and name not in _OWN_NAMES:
            table, separator, key = name.removeprefix(_PREFIX).lower().partition("__")
            if not separator:
                raise ConfigurationError(f"{name}: settings are named GATEWAY_<TABLE>__<KEY>")
            tables.setdefault(table, {})[key] = value
    return tables


def _merged(below: dict[str, Any], above: dict[str, Any], where: Path | str) -> dict[str, Any]:
    merged = dict(below)
    for table, keys in above.items():
        if not isinstance(keys, dict):
            raise ConfigurationError(f"{where}: {table}: keys stand in tables, such as [service]")
        merged[table] = {**below.get(table, {}), **keys}
    return merged


def _first(messages: Any, path: str = "") -> str:
    """The first error as `table.key: what is wrong`."""
    while isinstance(messages, dict):
        key, messages = next(iter(messages.items()))
        path = f"{path}.{key}" if path else str(key)
    return f"{path}: {messages[0]}"
