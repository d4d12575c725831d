"""Reads the configuration once; an unknown key or a bad value stops the start, named with its fix."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from marshmallow import ValidationError
from marshmallow.fields import Nested

from gateway.errors import ConfigurationError
from gateway.resources import default_config
from gateway.settings.records import (
    BackupSettings,
    ConsoleSettings,
    Deadlines,
    Holding,
    Keys,
    KmsSettings,
    Limits,
    MailSecurity,
    MailSettings,
    OauthSettings,
    OpenBaoSettings,
    OpenidSettings,
    Pkcs11Settings,
    ProviderName,
    Schedule,
    Service,
    Settings,
    Siem,
    Witnessing,
    WitnessSettings,
)
from gateway.settings.tables import LOOPBACK, UNKNOWN, File

_PREFIX = "GATEWAY_"
_OWN_NAMES = frozenset({"GATEWAY_CONFIG", "GATEWAY_DATA", "GATEWAY_DATABASE"})


def load(environment: Mapping[str, str]) -> Settings:
    """The settings: as shipped, then GATEWAY_CONFIG's file, then the environment."""
    shipped = default_config() / "gateway.toml"
    named = Path(environment["GATEWAY_CONFIG"]) if "GATEWAY_CONFIG" in environment else shipped
    tables = _merged(_read(shipped), _read(named), named)
    tables = _merged(tables, _from_environment(environment), "the environment")
    try:
        loaded = File().load(tables)
    except ValidationError as fault:
        raise ConfigurationError("; ".join(_told(fault.messages, named, environment))) from None
    data = Path(environment.get("GATEWAY_DATA", "var")).absolute()
    return Settings(
        data=data,
        config=named.absolute().parent,
        database_url=loaded["database"]["url"] or f"sqlite:///{data / 'gateway.db'}",
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
        tracing=loaded["tracing"]["endpoint"] or None,
        unsafe_allow_loopback=loaded["handover"]["unsafe_allow_loopback"],
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
        verification=timedelta(minutes=table["verification_minutes"]),
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
    loopback = url.hostname in LOOPBACK
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
    if table["security"] is MailSecurity.NONE and table["host"] not in {"", *LOOPBACK}:
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
    if url := environment.get("GATEWAY_DATABASE"):
        tables.setdefault("database", {})["url"] = url
    return tables


def _merged(below: dict[str, Any], above: dict[str, Any], where: Path | str) -> dict[str, Any]:
    merged = dict(below)
    for table, keys in above.items():
        if not isinstance(keys, dict):
            raise ConfigurationError(f"{where}: {table}: keys stand in tables, such as [service]")
        merged[table] = {**below.get(table, {}), **keys}
    return merged


def _told(messages: Any, named: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Each error as `where: what is wrong`; where is the key of the file, or the environment's name."""
    for path, message in _flat(messages):
        where = _variable(path, environment) or f"{named}: {'.'.join(path)}"
        yield f"{where}: {message}{_meant(path) if message == UNKNOWN else ''}"


def _variable(path: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """What the environment names this key or table by, where it does."""
    if path == ("database", "url") and environment.get("GATEWAY_DATABASE"):
        return "GATEWAY_DATABASE"
    name = f"{_PREFIX}{'__'.join(path).upper()}"
    return next((it for it in environment if it == name or it.startswith(f"{name}__")), None)


_TABLES_OF_TABLES = frozenset({("retention", "merchants"), ("witnesses", "known")})


def _flat(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(messages, dict):
        for key, below in messages.items():
            yield from _flat(below, (*path, str(key)))
    else:
        # Of a table of tables it is said whether name or table is at fault; the file has no such level.
        written = path[:3] + path[4:] if path[:2] in _TABLES_OF_TABLES else path
        yield from ((written, str(message)) for message in messages)


def _meant(path: tuple[str, ...]) -> str:
    """The key that was probably meant, where one is close."""
    known: Any = File().fields
    for name in path[:-1]:
        table = known.get(name)
        known = table.schema.fields if isinstance(table, Nested) else {}
    close = get_close_matches(path[-1], known, 1)
    return f"; {close[0]} is meant?" if close else ""
