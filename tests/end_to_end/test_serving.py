"""The real server with several workers: one count, clean shutdown, bodies of any length."""

import json
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import a_page, an_order, ndjson, order_number
from tests.conftest import Template
from tests.end_to_end.live import Live


@pytest.fixture(scope="module")
def live(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running gateway, for all tests that leave it running."""
    running = Live(Path(shutil.copytree(template.data, tmp_path_factory.mktemp("live") / "data")))
    yield running
    running.stop()


def test_the_metrics_count_over_all_workers(live: Live) -> None:
    """Whoever answered them: as soon as both workers did, all of them are counted together."""
    sent, counting = 0, live.data / "metrics" / str(live.port)
    deadline = time.monotonic() + 30
    while sent == 0 or (_counted(counting) < 2 and time.monotonic() < deadline):
        assert live.send("GET", "/healthz")[0] == 200
        sent += 1
    _, _, metrics = live.send("GET", "/metrics")
    line = f'gateway_requests_total{{method="GET",route="/healthz",status="200"}} {sent}.0'
    assert line in metrics.decode().splitlines()
    assert _counted(counting) == 2


def _counted(counting: Path) -> int:
    """How many processes have answered: of a file that nothing was counted into, nothing is used."""
    files = [path.read_bytes() for path in counting.glob("counter_*.db")]
    return sum(int.from_bytes(file[:4], sys.byteorder) > 8 for file in files)


def test_the_server_does_not_name_its_make(live: Live) -> None:
    """Neither in good answers nor in bad ones."""
    for path in ("/readyz", "/nothing"):
        _, headers, _ = live.send("GET", path)
        assert headers["server"] == "gateway"


def test_a_body_in_chunks_is_read_as_it_comes(live: Live, template: Template) -> None:
    """Chunked transfer, as curl sends a pipe."""
    body = ndjson(an_order(order_number(at)) for at in range(300))
    chunks = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    with _connected(live) as connection:
        connection.sendall(_head(template, "Transfer-Encoding: chunked"))
        for chunk in chunks:
            connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        connection.sendall(b"0\r\n\r\n")
        assert _answer(connection) == {"stored": 300, "unchanged": 0, "rejected": []}


def test_a_body_that_nobody_may_send_is_answered_before_it_is_read(live: Live) -> None:
    """401 for whoever promises a gigabyte without a token."""
    with _connected(live) as connection:
        connection.sendall(
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n[" + b" " * 1000
        )
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_a_request_under_way_is_finished_before_the_end(data: Path, template: Template) -> None:
    """SIGTERM in the middle of an upload: it is stored and answered, then the server is gone.

    Also when every process is told, and more than once.
    """
    live = Live(data, workers=1)
    body = a_page([an_order()])
    with _connected(live) as connection:
        connection.sendall(_head(template, f"Content-Length: {len(body)}") + body[:500])
        # The health of the service, asked on another connection, shows that the first is under way.
        live.send("GET", "/healthz")
        live.terminate_all()
        live.terminate_all()
        connection.sendall(body[500:])
        assert _answer(connection) == {"stored": 1, "unchanged": 0, "rejected": []}
    log = live.stop()
    assert live.exit_code == 0
    told = {json.loads(line)["event"] for line in log.splitlines()}
    # What runs by itself may have had its turn meanwhile; nothing went wrong.
    assert told - {"task.done"} == {"listening", "request"}
    with pytest.raises(OSError, match="refused"):
        live.send("GET", "/healthz")


def test_a_sender_that_is_too_slow_is_answered_and_holds_nobody_up(
    data: Path, template: Template
) -> None:
    """408 for whoever stops or drips, nothing of it stored; who sends in time meanwhile is answered."""
    told = {"GATEWAY_LIMITS__BODY_SECONDS": "1", "GATEWAY_SERVICE__THREADS": "2"}
    live = Live(data, 1, **told)
    body = a_page([an_order()])
    head = _head(template, f"Content-Length: {len(body)}")
    try:
        with _connected(live) as idle, _connected(live) as silent, _connected(live) as dripping:
            silent.sendall(head + body[:500])
            dripping.sendall(head)
            answered = threading.Event()
            thread = threading.Thread(target=_drip, args=(dripping, body[:-1], answered))
            thread.start()
            # Both working threads are taken; this request waits for one of them to be given back.
            status = 503
            while status == 503:
                status, _, answer = live.send(
                    "POST", "/v1/orders", template.tokens["merchant"], body
                )
            assert json.loads(answer)["stored"] == 1
            assert silent.recv(12) == b"HTTP/1.1 408"
            assert dripping.recv(12) == b"HTTP/1.1 408"
            answered.set()
            thread.join()
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
    finally:
        live.stop()


def _connected(live: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", live.port), timeout=30)


def _head(template: Template, length: str) -> bytes:
    return (
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {template.tokens['merchant']}\r\n{length}\r\n\r\n"
    ).encode()


def _answer(connection: socket.socket) -> object:
    received = b""
    while not received.endswith(b"}"):
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    return json.loads(received.partition(b"\r\n\r\n")[2])


def _drip(connection: socket.socket, body: bytes, answered: threading.Event) -> None:
    """A byte now and then, until there is an answer."""
    for at in range(len(body)):
        try:
            connection.sendall(body[at : at + 1])
        except OSError:
            return
        if answered.wait(0.1):
            return
