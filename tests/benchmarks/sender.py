"""Sends HTTP requests over many connections as fast as they are answered; a stand-in for wrk.

Run with the URL, the connections and the seconds; TOKEN and BODIES as for `load.lua`, which it
answers like.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

_LENGTH = b"content-length:"
_NOTHING = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def send(url: str, connections: int, seconds: float) -> dict[str, float]:
    """Requests, seconds, answers of 400 and above, broken connections, percentiles in milliseconds."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {os.environ['TOKEN']}\r\nContent-Type: application/json\r\n"
    )
    lines = Path(os.environ["BODIES"]).read_bytes().splitlines()
    requests = cycle([f"{head}Content-Length: {len(it)}\r\n\r\n".encode() + it for it in lines])
    waiting = selectors.DefaultSelector()
    began: dict[int, float] = {}
    read: dict[int, bytes] = {}
    for _ in range(connections):
        connection = socket.create_connection((parts.hostname, parts.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, connection)
        began[connection.fileno()], read[connection.fileno()] = time.perf_counter(), b""
        connection.sendall(next(requests))
    taken: list[float] = []
    refused = broken = 0
    start = time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for key, _ in waiting.select(timeout=seconds):
            connection, at = key.data, key.fd
            data = connection.recv(65536)
            read[at] += data
            if not data:
                broken += 1
                waiting.unregister(connection)
            elif _is_whole(read[at]):
                now = time.perf_counter()
                taken.append(now - began[at])
                refused += read[at][9:10] >= b"4"
                began[at], read[at] = now, b""
                connection.sendall(next(requests))
    taken.sort()
    return {
        "requests": len(taken),
        "seconds": now - start,
        "refused": refused,
        "broken": broken,
        "p50": taken[len(taken) // 2] * 1000,
        "p99": taken[len(taken) * 99 // 100] * 1000,
    }


def rate_against_nothing(seconds: float = 1) -> float:
    """Requests a second against a socket that answers anything at once: what the sender can do."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=_answer_all, args=(listening, over))
        answering.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        environment = {**os.environ, "TOKEN": "none", "BODIES": __file__}
        command = [sys.executable, __file__, url, "16", str(seconds)]
        try:
            told = subprocess.run(command, env=environment, capture_output=True, check=True)
        finally:
            over.set()
            answering.join()
    done = json.loads(told.stdout)
    return float(done["requests"] / done["seconds"])


def _is_whole(answer: bytes) -> bool:
    head, blank, body = answer.partition(b"\r\n\r\n")
    if not blank:
        return False
    at = head.lower().index(_LENGTH) + len(_LENGTH)
    return len(body) >= int(head[at : at + 12].split(b"\r", 1)[0])


def _answer_all(listening: socket.socket, over: threading.Event) -> None:
    with ExitStack() as connections, selectors.DefaultSelector() as waiting:
        waiting.register(listening, selectors.EVENT_READ)
        while not over.is_set():
            for key, _ in waiting.select(timeout=0.1):
                if key.data is None:
                    connection = connections.enter_context(listening.accept()[0])
                    waiting.register(connection, selectors.EVENT_READ, connection)
                elif not _answered(key.data):
                    waiting.unregister(key.data)


def _answered(connection: socket.socket) -> bool:
    try:
        asked = connection.recv(65536)
        connection.sendall(_NOTHING if asked else b"")
    except ConnectionError:
        return False
    return bool(asked)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(send(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))) + "\n")
