"""What may stand in the configuration's tables; it looks at one table at a time."""

from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.settings.records import MailSecurity, ProviderName

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Where nothing leaves this machine, so that it may go in the clear."""

_MAILBOX = validate.Regexp(
    r"(?:[!-?A-~]+@[!-?A-~]+)?\Z", error="one address, such as a@example.org"
)


UNKNOWN = "there is no such key"


class _Table(Schema):
    error_messages = {"unknown": UNKNOWN}  # noqa: RUF012  as marshmallow has it

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
    url = fields.String(
        required=True,
        # The value may hold a password: the message must not tell it.
        validate=validate.Regexp(
            r"(?:(?:sqlite|postgresql(?:\+psycopg)?):.*)?\Z",
            error="an sqlite:/// or postgresql:// URL",
        ),
    )


class _LimitsTable(_Table):
    requests_per_minute = fields.Integer(required=True, validate=validate.Range(1))
    body_bytes = fields.Integer(required=True, validate=validate.Range(1024))
    orders_body_bytes = fields.Integer(required=True, validate=validate.Range(1024))
    order_bytes = fields.Integer(required=True, validate=validate.Range(1024))
    body_seconds = fields.Integer(required=True, validate=validate.Range(1, 600))


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
    verification_minutes = fields.Integer(required=True, validate=validate.Range(0, 31 * 24 * 60))


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
    local = url.scheme == "http" and url.hostname in LOOPBACK
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


class _TracingTable(_Table):
    endpoint = fields.String(required=True, validate=_outside)


class _HandoverTable(_Table):
    unsafe_allow_loopback = fields.Boolean(required=True)


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


class File(_Table):
    """The whole file, every key of it; what is not named here stops the start."""

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
    tracing = fields.Nested(_TracingTable, required=True)
    handover = fields.Nested(_HandoverTable, required=True)
    mail = fields.Nested(_MailTable, required=True)
