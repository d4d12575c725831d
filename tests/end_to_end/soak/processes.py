"""The processes of a served gateway, as Linux tells of them, and where they listen."""

import re
from pathlib import Path

_PROC = Path("/proc")
_LISTENS = "0A"


def workers(server: int) -> list[int]:
    """Those that answer requests: all that the server started but the watcher of its resources."""
    return [pid for pid in _children(server) if b"spawn_main" in _command(pid)]


def family(server: int) -> list[int]:
    """The server and everything below it."""
    found = [server]
    for pid in found:
        found += _children(pid)
    return found


def listening(server: int) -> set[str]:
    """The addresses, in the kernel's hexadecimal, that any of its processes listens on."""
    sockets = {name for pid in family(server) for name in _sockets(pid)}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTENS and columns[9] in sockets:
                found.add(columns[1].partition(":")[0])
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            found += map(int, thread.read_text().split())
        except OSError:
            continue  # it ended meanwhile
    return found


def _command(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _sockets(pid: int) -> list[str]:
    found = []
    for descriptor in (_PROC / str(pid) / "fd").iterdir():
        try:
            found += re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        except OSError:
            continue
    return found
