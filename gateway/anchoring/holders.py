"""Hands checkpoints to outside holders: a directory, a webhook, a mailbox; it keeps none of them itself."""

import os
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from gateway.anchoring.sending import Sender
from gateway.handover.exchange import Reply
from gateway.model.ids import Clock
from gateway.settings import Holding, MailSecurity, MailSettings
from gateway.storage.anchors import Due

_SECONDS = 20.0
_SUCCESS = range(200, 300)

Hand: TypeAlias = Callable[[Due, bytes], str | None]
"""Hands over a log's checkpoint; what kept it from coming about, None where nothing did."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An outside holder, and the way to it."""

    name: str
    hand: Hand


def configured(settings: Holding, mail: MailSettings, sender: Sender, clock: Clock) -> list[Holder]:
    """The holders of the settings."""
    found = []
    if settings.directory is not None:
        found.append(Holder("directory", _dropping(settings.directory)))
    if settings.webhook is not None:
        found.append(Holder("webhook", _posting(settings.webhook, sender)))
    if settings.mailbox is not None:
        found.append(Holder("mailbox", _mailing(settings.mailbox, mail, clock)))
    return found


def file_name(due: Due) -> str:
    """For example default-2026q4-18211.checkpoint; by size, so that a later one replaces none."""
    return f"{due.merchant}-{due.period}-{due.size}.checkpoint"


def _dropping(directory: Path) -> Hand:
    def hand(due: Due, note: bytes) -> str | None:
        file = directory / file_name(due)
        fresh = file.with_suffix(".new")
        try:
            with fresh.open("wb") as opened:
                opened.write(note)
                opened.flush()
                os.fsync(opened.fileno())
            fresh.replace(file)
        except OSError as fault:
            return type(fault).__name__
        return None

    return hand


def _posting(url: str, sender: Sender) -> Hand:
    def hand(_due: Due, note: bytes) -> str | None:
        reply = sender.post(url, note)
        if not isinstance(reply, Reply):
            return reply.hindrance.name.lower()
        return None if reply.status in _SUCCESS else str(HTTPStatus(reply.status).value)

    return hand


def _mailing(mailbox: str, settings: MailSettings, clock: Clock) -> Hand:
    def hand(due: Due, note: bytes) -> str | None:
        message = EmailMessage()
        message["From"] = settings.sender
        message["To"] = mailbox
        message["Subject"] = f"Checkpoint of {due.origin}: {due.size} entries"
        message["Date"] = format_datetime(clock())
        message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(_LETTER.format(file=file_name(due)))
        # As octets, so that no mail server on the way touches a line end of what is signed.
        message.add_attachment(
            note, maintype="application", subtype="octet-stream", filename=file_name(due)
        )
        try:
            _send(message, settings)
        except (OSError, smtplib.SMTPException) as fault:
            return type(fault).__name__
        return None

    return hand


_LETTER = """\
Please keep this message, and let no operator of the gateway delete it.

The attachment is a signed checkpoint of the audit log. Whoever has the database, the data directory
and the keys can cut the end off the log and sign it anew; a checkpoint out of their reach shows that:

    gateway audit verify --held {file}
"""


def _send(message: EmailMessage, settings: MailSettings) -> None:
    context = ssl.create_default_context()
    where = (settings.host, settings.port)
    with (
        smtplib.SMTP_SSL(*where, timeout=_SECONDS, context=context)
        if settings.security is MailSecurity.TLS
        else smtplib.SMTP(*where, timeout=_SECONDS)
    ) as server:
        if settings.security is MailSecurity.STARTTLS:
            server.starttls(context=context)
        if settings.user and settings.password_file is not None:
            server.login(settings.user, settings.password_file.read_text().strip())
        server.send_message(message)
