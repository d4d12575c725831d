"""The way out reaches the carrier that was registered, over https, and nothing else whatever is tried."""

import ssl
from collections.abc import Iterator, Sequence

import pytest
import trustme

from gateway.handover.exchange import Hindrance, Reply, Unanswered, Unreached
from gateway.handover.line import MOST_BYTES, Line
from gateway.handover.outbound import Outbound
from tests.handover.conftest import here
from tests.handover.receiver import NAME, Receiver, Said


def posted(outbound: Outbound, url: str, body: bytes = b"{}") -> Reply | Unanswered | Unreached:
    """What comes of one request."""
    line = outbound.dial(url)
    if isinstance(line, Unreached):
        return line
    with line:
        return line.post({}, body)


def names(*addresses: str) -> "Names":
    """A name service that gives these addresses."""
    return Names([addresses])


class Names:
    """A name service that gives one answer after the other, and counts."""

    def __init__(self, answers: Sequence[Sequence[str]]) -> None:
        self.answers = answers
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return answer


def test_what_is_posted_arrives(outbound: Outbound, receiver: Receiver) -> None:
    """Body, headers and host come as they were sent; so does the answer."""
    receiver.answer = lambda _: Said(200, {"Content-Type": "text/plain", "X-More": "1"}, b"fine")
    reply = posted(outbound, receiver.url("/a/b?c=d"), b'{"one":1}')
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, reply.headers["x-more"]) == (200, b"fine", "1")
    [received] = receiver.received
    assert (received.path, received.body) == ("/a/b?c=d", b'{"one":1}')
    assert received.headers["host"] == f"{NAME}:{receiver.port}"
    assert received.headers["accept-encoding"] == "identity"


def test_a_line_serves_one_exchange_after_the_other(outbound: Outbound, receiver: Receiver) -> None:
    """The connection is made once, as long as the other side keeps it."""
    line = outbound.dial(receiver.url())
    assert isinstance(line, Line)
    with line:
        for _ in range(3):
            assert isinstance(line.post({}, b"x"), Reply)
            assert not line.is_over
        receiver.answer = lambda _: Said(200, {"Connection": "close"})
        line.post({}, b"x")
        assert line.is_over
    assert (len(receiver.received), receiver.connections) == (4, 1)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.8",
        "169.254.169.254",
        "100.64.0.1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
    ],
)
def test_no_name_leads_into_an_inner_network(
    trust: ssl.SSLContext, receiver: Receiver, address: str
) -> None:
    """Whatever the name service says: without the tests' switch not even loopback is tried."""
    outbound = Outbound(trust, names(address))
    assert posted(outbound, receiver.url()) == Unreached(Hindrance.INNER_ADDRESS)
    assert receiver.connections == 0


def test_one_inner_address_among_public_ones_is_enough(
    trust: ssl.SSLContext, receiver: Receiver
) -> None:
    """A name that has both is nobody's honest name."""
    outbound = Outbound(trust, names("127.0.0.1", "10.0.0.8"), unsafe_allow_loopback=True)
    assert posted(outbound, receiver.url()) == Unreached(Hindrance.INNER_ADDRESS)
    assert receiver.connections == 0


def test_a_name_is_resolved_once(trust: ssl.SSLContext, receiver: Receiver) -> None:
    """DNS rebinding: the second answer, an inner address, is never asked for nor connected to."""
    rebinding = Names([["127.0.0.1"], ["169.254.169.254"]])
    outbound = Outbound(trust, rebinding, unsafe_allow_loopback=True)
    line = outbound.dial(receiver.url())
    assert isinstance(line, Line)
    with line:
        assert isinstance(line.post({}, b"1"), Reply)
        assert isinstance(line.post({}, b"2"), Reply)
    assert (rebinding.asked, len(receiver.received)) == (1, 2)
    assert posted(outbound, receiver.url()) == Unreached(Hindrance.INNER_ADDRESS)


def test_the_next_address_is_tried(trust: ssl.SSLContext, receiver: Receiver) -> None:
    """Where one of a name's addresses does not answer, another may."""
    outbound = Outbound(trust, names("127.0.0.9", "127.0.0.1"), unsafe_allow_loopback=True)
    assert isinstance(posted(outbound, receiver.url()), Reply)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    outbound: Outbound, receiver: Receiver, authority: trustme.CA, status: int
) -> None:
    """Also not to the same host: it is an answer, and what it is worth the sender decides."""
    elsewhere = Receiver(authority)
    receiver.answer = lambda _: Said(status, {"Location": elsewhere.url()})
    reply = posted(outbound, receiver.url())
    elsewhere.close()
    assert isinstance(reply, Reply)
    assert reply.status == status
    assert (len(receiver.received), elsewhere.connections) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://carrier.example/",
        "ftp://carrier.example/",
        "file:///etc/passwd",
        "//carrier.example/",
        "https:///inbox",
        "https://user:secret@carrier.example/",
        "https://carrier.example@10.0.0.1/",
        "https://carrier.example/#fragment",
        "https://carrier.example:0/",
        "https://carrier.example:99999/",
        "https://carrier.example/a b",
        "https://carrier.example/\r\nHost: inner",
        "https://cärrier.example/",
        "https://[::1/",
        "",
    ],
)
def test_only_plain_https_addresses_are_dialled(trust: ssl.SSLContext, url: str) -> None:
    """No other scheme, no user, no fragment, nothing that two parsers could read differently."""
    service = names("127.0.0.1")
    outbound = Outbound(trust, service, unsafe_allow_loopback=True)
    assert posted(outbound, url) == Unreached(Hindrance.URL)
    assert service.asked == 0


def test_odd_spellings_of_loopback_are_judged_as_resolved(trust: ssl.SSLContext) -> None:
    """What the machine's resolver makes of a decimal or hexadecimal address is what counts."""
    outbound = Outbound(trust)
    for host in ("127.1", "2130706433", "0x7f000001", "localhost", "[::ffff:7f00:1]", "0"):
        outcome = posted(outbound, f"https://{host}/")
        assert outcome in (
            Unreached(Hindrance.INNER_ADDRESS),
            Unreached(Hindrance.NAME),
        ), host


def test_an_unknown_name_is_said_to_be_one(outbound: Outbound) -> None:
    """Nothing was sent."""
    assert posted(outbound, "https://nowhere.example/") == Unreached(Hindrance.NAME)
    assert posted(outbound, f"https://{'x' * 70}.example/") == Unreached(Hindrance.NAME)


def test_nobody_listening_is_no_connection(outbound: Outbound, receiver: Receiver) -> None:
    """Nothing was sent."""
    url = receiver.url()
    receiver.close()
    assert posted(outbound, url) == Unreached(Hindrance.UNREACHABLE)


def test_another_authority_is_not_trusted(receiver: Receiver) -> None:
    """The certificate is checked against whom the machine trusts."""
    outbound = Outbound(None, here, unsafe_allow_loopback=True)
    assert posted(outbound, receiver.url()) == Unreached(Hindrance.CERTIFICATE)
    assert receiver.received == []


def test_a_certificate_for_another_name_is_not_enough(
    outbound: Outbound, authority: trustme.CA
) -> None:
    """The name of the address is what the certificate must show, not the IP address behind it."""
    other = Receiver(authority, "other.example")
    outcome = posted(outbound, f"https://{NAME}:{other.port}/")
    other.close()
    assert outcome == Unreached(Hindrance.CERTIFICATE)
    assert other.received == []


def test_a_proxy_of_the_environment_is_not_taken(
    outbound: Outbound, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was judged, not to whom the environment names."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(posted(outbound, receiver.url()), Reply)


def test_a_long_answer_is_cut_off(outbound: Outbound, receiver: Receiver) -> None:
    """No more is read than anybody has to say."""
    receiver.answer = lambda _: Said(200, body=b"x" * MOST_BYTES)
    assert isinstance(posted(outbound, receiver.url()), Reply)
    receiver.answer = lambda _: Said(200, body=b"x" * (MOST_BYTES + 1))
    assert posted(outbound, receiver.url()) == Unanswered(Hindrance.SIZE)


def test_endless_headers_are_cut_off(outbound: Outbound, receiver: Receiver) -> None:
    """Neither do headers go on for ever."""
    receiver.answer = lambda _: Said(200, {"X-Long": "x" * 120_000})
    assert posted(outbound, receiver.url()) == Unanswered(Hindrance.PROTOCOL)


def test_a_dripping_answer_ends_in_time(trust: ssl.SSLContext, receiver: Receiver) -> None:
    """The time is for the whole exchange, however often a few bytes come."""

    def moments() -> Iterator[float]:
        """Connecting and the first words take a moment; then it takes for ever."""
        for count in range(6):
            yield count * 0.1
        while True:
            yield 1000.0

    clock = moments()
    receiver.answer = lambda _: Said(200, body=b"x" * 200_000)
    outbound = Outbound(trust, here, lambda: next(clock), unsafe_allow_loopback=True)
    assert posted(outbound, receiver.url()) == Unanswered(Hindrance.TIME)


def test_what_is_no_http_is_no_answer(outbound: Outbound, receiver: Receiver) -> None:
    """A server that breaks off or talks nonsense has not answered."""

    def break_off(_: object) -> Said:
        raise ConnectionError

    receiver.answer = break_off
    assert posted(outbound, receiver.url()) == Unanswered(Hindrance.PROTOCOL)
    receiver.answer = lambda _: Said(200, {"Content-Length": "9", "content-length": "3"})
    assert posted(outbound, receiver.url()) == Unanswered(Hindrance.PROTOCOL)
