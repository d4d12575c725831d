"""What the configuration is once it is read: frozen records, a table of the file each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.resources import default_config


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
    body_seconds: int


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
    verification: timedelta


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
    tracing: str | None
    unsafe_allow_loopback: bool
    mail: MailSettings

    def config_file(self, name: str) -> Path:
        """A further configuration file: beside the one that was read, else as shipped."""
        beside = self.config / name
        return beside if beside.exists() else default_config() / name

    def config_files(self, folder: str) -> list[Path]:
        """Every TOML file of a folder of the configuration, by name; each as `config_file` gives it."""
        places = (default_config() / folder, self.config / folder)
        names = {file.name for place in places for file in place.glob("*.toml")}
        return [self.config_file(f"{folder}/{name}") for name in sorted(names)]
