"""Outside holders get each checkpoint as it was signed; what they hold shows a log that was cut."""

import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from flask import Response

from gateway.anchoring.anchoring import Round
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.growth import Edge, grow
from gateway.audit.merkle import leaf_hash
from gateway.audit.verdict import FaultKind, LogFault, LogReport
from gateway.settings import Holding, MailSecurity, MailSettings
from gateway.storage import tree
from gateway.storage.tables import checkpoints, entries, entry_reasons, logs, tiles
from gateway.usecases.log import publish
from gateway.usecases.log.sequence import integrate_waiting
from gateway.usecases.log.verify import verify
from gateway.usecases.services import Services
from tests.anchoring import places
from tests.anchoring.places import ORIGIN, anchored, turn
from tests.anchoring.witness import Witness
from tests.world import World

MAILBOX = "auditor@example.org"


def holding(
    world: World,
    directory: Path | None = None,
    webhook: str | None = None,
    mail: MailSettings | None = None,
) -> Services:
    """The gateway with these holders configured."""
    integrate_waiting(world.store)
    outside = Holding(timedelta(hours=24), directory, webhook, MAILBOX if mail else None)
    told = replace(world.settings, holding=outside, mail=mail or world.settings.mail)
    return replace(world.services, settings=told)


class Inbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(  # noqa: N802  the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.append(content)
        return "250 OK"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def a_server(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., tuple[Inbox, int]]]:
    """Starts real mail servers; the gateway trusts their authority as it would the system's."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    running: list[Any] = []

    def start(name: str = "localhost", **options: Any) -> tuple[Inbox, int]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        security = options.pop("security")
        if security is MailSecurity.TLS:
            options["ssl_context"] = context
        elif security is MailSecurity.STARTTLS:
            options.update(tls_context=context, require_starttls=True)
        inbox = Inbox()
        server = _Started(inbox, hostname="127.0.0.1", port=0, **options)
        server.start()
        running.append(server)
        return inbox, server.server.sockets[0].getsockname()[1]

    yield start
    for server in running:
        server.stop()


class _Started(Controller):
    """On a free port."""

    def _trigger_server(self) -> None:
        """By itself it would knock at the port that was asked for, which is none."""
        socket.create_connection(self.server.sockets[0].getsockname()).close()


def mail(port: int, security: MailSecurity, **changes: Any) -> MailSettings:
    terms: dict[str, Any] = {
        "host": "localhost",
        "port": port,
        "security": security,
        "sender": "gateway@example.org",
        "user": "",
        "password_file": None,
    }
    return MailSettings(**{**terms, **changes})


def attached(letter: bytes) -> tuple[str, bytes]:
    """Name and bytes of a mail's attachment."""
    parsed = email.message_from_bytes(letter, policy=email.policy.default)
    [part] = parsed.iter_attachments()
    return part.get_filename() or "", part.get_payload(decode=True)


def test_a_directory_gets_a_file_for_each_checkpoint(world: World, tmp_path: Path) -> None:
    """Named by merchant, period and size, so that none takes another's place."""
    outside = tmp_path / "outside"
    outside.mkdir()
    services = holding(world, directory=outside)
    sizes = []
    for number in range(2):
        assert turn(services) == Round(confirmed=1)
        sizes.append(len(world.log()))
        note = publish.checkpoint(world.store, "default", None)
        file = outside / f"default-2026q4-{sizes[-1]}.checkpoint"
        assert file.read_bytes() == note
        places.grow(world, number)
    assert len(list(outside.iterdir())) == len(set(sizes)) == 2


def test_a_directory_that_is_away_is_said_to_be(world: World, tmp_path: Path) -> None:
    """And gets what it missed when it is back."""
    outside = tmp_path / "outside"
    services = holding(world, directory=outside)
    assert turn(services) == Round(outcome="FileNotFoundError")
    outside.mkdir()
    assert turn(services) == Round(confirmed=1)


def test_a_webhook_gets_the_note(world: World, witness: Witness) -> None:
    """As it was signed; what is not answered with success is tried again."""
    got: list[bytes] = []

    def answer(body: bytes) -> Response:
        got.append(body)
        return Response(status=503 if len(got) == 1 else 204)

    witness.answer = answer
    services = holding(world, webhook=f"{witness.url}add-checkpoint")
    assert turn(services) == Round(outcome="503")
    assert turn(services) == Round(confirmed=1)
    assert turn(services) == Round()
    assert got == [publish.checkpoint(world.store, "default", None)] * 2


@pytest.mark.parametrize("security", MailSecurity)
def test_a_mailbox_gets_the_note_byte_for_byte(
    world: World, a_server: Callable[..., tuple[Inbox, int]], security: MailSecurity
) -> None:
    """As an attachment, over TLS from the first byte, after STARTTLS, or to this machine without."""
    inbox, port = a_server(security=security)
    assert turn(holding(world, mail=mail(port, security))) == Round(confirmed=1)
    [letter] = inbox.letters
    size = len(world.log())
    name, note = attached(letter)
    assert name == f"default-2026q4-{size}.checkpoint"
    assert note == publish.checkpoint(world.store, "default", None)
    parsed = email.message_from_bytes(letter, policy=email.policy.default)
    assert (parsed["To"], parsed["From"]) == (MAILBOX, "gateway@example.org")
    assert parsed["Subject"] == f"Checkpoint of {ORIGIN}: {size} entries"


def test_a_mail_server_may_want_a_name_and_a_password(
    world: World, a_server: Callable[..., tuple[Inbox, int]], tmp_path: Path
) -> None:
    """Read from the file each time; a wrong one is a failure that is tried again."""
    password = tmp_path / "password"
    password.write_text("wrong\n")

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
        right = (data.login, data.password) == (b"gateway", b"right")
        return AuthResult(success=right, handled=False)

    starttls = MailSecurity.STARTTLS
    inbox, port = a_server(security=starttls, authenticator=check, auth_required=True)
    services = holding(world, mail=mail(port, starttls, user="gateway", password_file=password))
    assert turn(services) == Round(outcome="SMTPAuthenticationError")
    password.write_text("right\n")
    assert turn(services) == Round(confirmed=1)
    assert len(inbox.letters) == 1


def test_mail_goes_to_no_server_of_another_name(
    world: World, a_server: Callable[..., tuple[Inbox, int]]
) -> None:
    """Nor in the clear to one that does not offer encryption."""
    inbox, port = a_server("other.example", security=MailSecurity.TLS)
    wrong = turn(holding(world, mail=mail(port, MailSecurity.TLS)))
    assert wrong == Round(outcome="SSLCertVerificationError")
    plain, port = a_server(security=MailSecurity.NONE)
    wrong = turn(holding(world, mail=mail(port, MailSecurity.STARTTLS)))
    assert wrong == Round(outcome="SMTPNotSupportedError")
    assert inbox.letters == plain.letters == []
    assert anchored(world)["mailbox"] == (0, "SMTPNotSupportedError")


def test_what_is_held_outside_shows_a_log_that_was_cut_and_signed_anew(
    world: World, tmp_path: Path
) -> None:
    """The operator has database, data directory and keys: only the held checkpoint tells."""
    outside = tmp_path / "outside"
    outside.mkdir()
    places.grow(world, 1)
    turn(holding(world, directory=outside))
    [file] = outside.iterdir()
    cut_and_sign(world, 3)
    [verdict] = verify(world.store, "default", [])
    assert isinstance(verdict.outcome, LogReport)
    assert verdict.outcome.checkpoint.size == 3
    [verdict] = verify(world.store, "default", [file.read_bytes()])
    assert isinstance(verdict.outcome, LogFault)
    assert (verdict.outcome.kind, verdict.outcome.index) == (FaultKind.TRUNCATED, 3)


def cut_and_sign(world: World, size: int) -> None:
    """What an operator who has everything can do."""
    notary = world.store.logbook.notary
    with world.store.change() as connection:
        for table in (entry_reasons, entries):
            connection.execute(table.delete().where(table.c.index >= size))
        leaves = tree.leaves(connection, 1, 0, size)
        edge = grow(Edge(), [leaf_hash(leaf) for leaf in leaves]).edge
        for table in (checkpoints, tiles):
            connection.execute(table.delete())
        tree.write(connection, 1, edge.writes())
        note = notary.sign(Checkpoint(ORIGIN, size, edge.root()))
        tree.add_checkpoint(connection, 1, size, note, world.clock())
        time = connection.execute(entries.select().where(entries.c.index == size - 1)).one().time
        connection.execute(logs.update().values(size=size, last_time=time))
    notary.release(ORIGIN)
    notary.hold(ORIGIN, note)
