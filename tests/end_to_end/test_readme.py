"""The README's commands and examples work as printed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Template, remember_proof
from tests.end_to_end.live import ROOT, Live, environment, gateway
from tests.end_to_end.warm import warm

_MAKE = ("make up", "make test")
"""Run by tests of their own, in an empty clone."""


@dataclass(frozen=True)
class Example:
    """A command of the README and the output printed below it, where … stands for anything."""

    line: int
    command: str
    output: str


def examples() -> Iterator[Example]:
    """The `console` blocks, command by command, in their order."""
    text = (ROOT / "README.md").read_text()
    for block in re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        parts = re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]
        for part in parts:
            match = re.match(r"((?:[^\n]*\\\n)*[^\n]*\n)(.*)", part, re.DOTALL)
            assert match
            command = match[1].strip()
            if not command.startswith(_MAKE):
                line = text[: block.start()].count("\n") + 1
                yield Example(line, command, match[2])


@pytest.fixture(scope="module")
def shell(
    template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The environment of a reader who ran `make up`, with its gateway on a free port."""
    folder = tmp_path_factory.mktemp("readme")
    remember_proof(template, folder / "data")
    said = gateway(folder / "data", "demo", "--json")
    tokens = {one["role"].upper(): one["token"] for one in json.loads(said.stdout)["clients"]}
    live = Live(folder / "data")
    # As in the README, the command is on the path.
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    (folder / "reviewer.token").write_text(tokens["REVIEWER"])
    with warm(folder / "bin" / "gateway", ROOT):
        yield {
            **environment(folder / "data"),
            **tokens,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "DAY": (datetime.now(UTC) + timedelta(days=7)).date().isoformat(),
            "DACHSER_KEY": "Key-0815",
            "PORT": str(live.port),
            "FOLDER": str(folder),
        }
    live.stop()


def test_every_example_works_as_printed(shell: Mapping[str, str]) -> None:
    """One after another, as a reader would paste them, each prints what stands below it."""
    (Path(shell["FOLDER"]) / "config").symlink_to(ROOT / "config")
    variables, ran = dict(shell), 0
    for example in examples():
        here = f"127.0.0.1:{shell['PORT']}"
        command = example.command.replace("127.0.0.1:8080", here)
        done = subprocess.run(
            ["bash", "-c", command],
            env=variables,
            cwd=shell["FOLDER"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        told = f"README.md:{example.line}: {command}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, told
        assert re.match(
            _pattern(example.output.replace("127.0.0.1:8080", here)), done.stdout, re.DOTALL
        ), told
        if released := re.search(r'"release_id":"(\w+)"', done.stdout):
            variables["RELEASE"] = released[1]
        ran += 1
    assert ran > 15


def _pattern(output: str) -> str:
    """The printed output as a pattern; a line that breaks off with … may go on."""
    return ".*?".join(map(re.escape, output.strip().split("…"))) + (
        "" if "…" in output else r"\s*\Z"
    )
