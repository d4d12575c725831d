"""`gateway` that begins at once: each command is forked from a process that has imported the package.

It spares what a start of Python costs, and nothing of the command itself.
"""

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@contextmanager
def warm(program: Path, root: Path) -> Iterator[None]:
    """While it lasts, `program` is a `gateway` of the checkout `root`."""
    around = {**os.environ, "PYTHONPATH": str(root)}
    with TemporaryDirectory(prefix="warm") as home:  # a socket's path has to be short
        address = f"{home}/socket"
        ask = shlex.join([sys.executable, "-S", "-E", __file__, "ask", address])
        program.write_text(f'#!/bin/sh\nexec {ask} "$@"\n')
        program.chmod(0o700)
        serving = [sys.executable, __file__, "serve", address]
        with subprocess.Popen(serving, stdout=subprocess.PIPE, env=around) as server:
            try:
                assert server.stdout
                assert server.stdout.readline() == b"ready\n"
                yield
            finally:
                server.terminate()


def _ask(address: str, *words: str) -> int:
    """Has the command run with this process's files, environment and folder; its exit status."""
    told = json.dumps([words, str(Path.cwd()), dict(os.environ)]).encode()
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(address)
        socket.send_fds(asked, [b"%010d" % len(told)], [0, 1, 2])
        asked.sendall(told)
        [status] = asked.recv(1)
    return status


def _serve(address: str) -> int:
    from gateway import app  # noqa: F401  what all of them take long to import
    from gateway.cli import main

    for name in main.summaries:
        main.get_command(None, name)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, b"ready\n")
        while True:
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    # At once: to take down what was imported costs more than most of the commands.
                    os._exit(_answer(asked))


def _answer(asked: socket.socket) -> int:
    length, files, _, _ = socket.recv_fds(asked, 10, 3)
    told = b""
    while len(told) < int(length):
        told += asked.recv(2**16)
    command = os.fork()
    if command == 0:
        return _run(files, *json.loads(told))
    _, status = os.waitpid(command, 0)
    asked.send(bytes([os.waitstatus_to_exitcode(status) % 256]))
    return 0


def _run(files: Sequence[int], words: list[str], folder: str, around: Mapping[str, str]) -> int:
    from gateway.cli import main

    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(around)
    status: Any = 1
    try:
        main(words, prog_name="gateway")
    except SystemExit as done:
        status = done.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return int(status or 0)


if __name__ == "__main__":
    sys.exit({"ask": _ask, "serve": _serve}[sys.argv[1]](*sys.argv[2:]))
