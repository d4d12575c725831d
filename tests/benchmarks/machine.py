"""Describes the machine that a figure was measured on: without that it means nothing."""

import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median

_PACKAGES = ("granian", "flask", "sqlalchemy", "psycopg", "cryptography", "cedarpy")


def described(directory: Path) -> Mapping[str, str]:
    """CPU, kernel, the file system of `directory` and what a durable write costs there, versions."""
    return {
        "cpu": f"{_cpu()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores",
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "filesystem": _filesystem(directory),
        "fsync": f"{_fsync_microseconds(directory):.0f} µs for 4 KiB",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _cpu() -> str:
    return _first_line("/proc/cpuinfo", "model name") or platform.machine()


def _memory() -> str:
    kilobytes = _first_line("/proc/meminfo", "MemTotal").split(" ")[0]
    return f"{int(kilobytes) / 1024**2:.0f} GiB" if kilobytes else "unknown"


def _first_line(path: str, name: str) -> str:
    file = Path(path)
    found = file.read_text().splitlines() if file.exists() else []
    return next((one.partition(":")[2].strip() for one in found if one.startswith(name)), "")


def _filesystem(directory: Path) -> str:
    mounts = Path("/proc/mounts")
    lines = mounts.read_text().splitlines() if mounts.exists() else []
    fields = [line.split(" ")[1:3] for line in lines]
    inside = [(point, kind) for point, kind in fields if directory.is_relative_to(point)]
    return max(inside, key=lambda one: len(one[0]), default=("", "unknown"))[1]


def _fsync_microseconds(directory: Path) -> float:
    path = directory / "fsync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return median(taken) * 1e6
