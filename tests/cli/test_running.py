"""Every command: clear errors, honest exit statuses, help that shows how, and never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway.cli import Root, main
from tests.cli.conftest import Gateway
from tests.commands import commands

PHONE = "+49 171 3920012"


EVERY = sorted(words for words, _ in commands())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_explains_itself(bare: Gateway, words: tuple[str, ...]) -> None:
    """Help without any set-up, in lines that fit a terminal."""
    result = bare(*words, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5
    assert max(map(len, result.output.splitlines())) <= 100


def test_the_first_page_says_what_there_is(bare: Gateway) -> None:
    """Every noun in its own words, as its own page begins, and where to begin."""
    result = bare("--help")
    assert isinstance(main, Root)
    for name in Root.summaries:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert f"\n  {name} " in result.output
        assert Root.summaries[name] == command.get_short_help_str(limit=100)
    assert "gateway demo" in result.output


@pytest.mark.parametrize("noun", sorted({words[0] for words in EVERY if len(words) > 1}))
def test_a_noun_tells_whole_what_each_verb_does(bare: Gateway, noun: str) -> None:
    """No sentence is cut off where its point would have come."""
    listed = bare(noun, "--help").output.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


def test_the_first_page_needs_no_service() -> None:
    """Neither database nor web server is loaded to name the commands."""
    code = (
        "import sys, gateway.cli; print({'sqlalchemy', 'flask', 'cryptography'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["orders", "import"], "Missing argument"),
        (["orders", "import", "missing.json"], "'missing.json' does not exist"),
        (["orders", "import", "."], "is a directory"),
        (["orders", "assign", "bagm62dvgp"], "Missing option '--carrier'"),
        (["carriers", "apply", "missing.toml"], "'missing.toml' does not exist"),
        (["clients", "create", "--role", "king", "--name", "x"], "'king' is not one of 'merchant'"),
        (["clients", "create", "--role", "shop"], "Missing option '--name'"),
        (["clients", "create", "--role", "shop", "--name", "x", "--expires", "0"], "0 is not in"),
        (
            ["clients", "create", "--role", "shop", "--name", "x", "--purpose", "newsletter"],
            "not one of",
        ),
        (["audit", "export", "--from", "yesterday"], "write 2026-11-23 or 2026-11-23T18:05:00Z"),
        (
            ["audit", "export", "--action", "order.eaten"],
            "'order.eaten' is not one of 'order.stored'",
        ),
        (["audit", "export", "--format", "xls"], "'xls' is not one of 'jsonl', 'csv', 'ocsf'"),
        (["retention", "run", "--now", "2026-13-01"], "is no time"),
        (["retention", "run", "--now", "2026-11-23T18:05:00"], "is no time"),
        (["subjects", "erase", "--order", "bagm62dvgp"], "Missing option '--reason'"),
        (["policy", "explain"], "Missing option '--case'"),
        (["serve", "--port", "0"], "0 is not in the range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_status_2(gateway: Gateway, words: list[str], message: str) -> None:
    """What was typed wrong is named, with what belongs there."""
    result = gateway(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["orders", "show", "unknown"], "there is no order unknown"),
        (["orders", "assign", "unknown", "--carrier", "dachser"], "there is no order unknown"),
        (["subjects", "report", "--order", "unknown"], "there is no order unknown"),
        (
            ["subjects", "erase", "--order", "unknown", "--reason", "asked"],
            "there is no order unknown",
        ),
        (["clients", "revoke", "unknown"], "gateway clients list shows who there is"),
        (
            ["clients", "create", "--role", "carrier", "--name", "x"],
            "carrier: a client with the role",
        ),
        (
            ["orders", "show", "x", "--merchant", "nobody"],
            "gateway merchants list shows who there is",
        ),
        (["clients", "list", "--merchant", "nobody"], "there is no merchant nobody"),
        (["carriers", "list", "--merchant", "nobody"], "there is no merchant nobody"),
        (["audit", "export", "--merchant", "nobody"], "there is no merchant nobody"),
        (["merchants", "create", "other", "--name", "x"], "there is a merchant other already"),
        (["merchants", "create", "Ot her", "--name", "x"], "merchant: 1 to 64 lower-case"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_status_1(gateway: Gateway, words: list[str], message: str) -> None:
    """One line on the error output says what, and the way on; nothing is printed as a result."""
    result = gateway(*words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_without_set_up_the_way_to_it_is_told(bare: Gateway, environment: dict[str, str]) -> None:
    """Every command that needs the data directory says how to come by it, and creates nothing."""
    for words in (
        ["orders", "show", "x"],
        ["carriers", "list"],
        ["clients", "list"],
        ["audit", "export"],
        ["subjects", "report", "--order", "x"],
        ["retention", "run"],
        ["keys", "status"],
        ["merchants", "list"],
        ["serve"],
    ):
        result = bare(*words)
        assert result.exit_code == 1
        assert "gateway init" in result.stderr
        assert not Path(environment["GATEWAY_DATA"]).exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("GATEWAY_SERVICE__PORT", "many", "GATEWAY_SERVICE__PORT: Not a valid integer"),
        ("GATEWAY_SERVICE__PROT", "1", "there is no such key; port is meant?"),
        ("GATEWAY_CONFIG", "missing.toml", "missing.toml: there is no such file"),
        ("GATEWAY_DATABASE", "mysql://x", "GATEWAY_DATABASE: an sqlite"),
    ],
)
def test_a_bad_setting_is_named(
    gateway: Gateway, environment: dict[str, str], name: str, value: str, message: str
) -> None:
    """Nothing runs on settings that do not hold."""
    environment[name] = value
    result = gateway("carriers", "list")
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unexpected_fault_tells_its_kind_and_place_alone() -> None:
    """Its text could hold a buyer's phone, so it is not shown; nor is a traceback."""

    @click.group(cls=Root)
    def root() -> None:
        pass

    @root.command()
    def fail() -> None:
        raise ValueError(PHONE)

    result = CliRunner().invoke(root, ["fail"])
    assert result.exit_code == 1
    assert "unexpected ValueError at test_running.py:" in result.stderr
    assert PHONE not in result.output
    assert "Traceback" not in result.output


def test_a_closed_pipe_is_no_fault_of_ours(gateway: Gateway) -> None:
    """Whoever reads only the head of an export ends it, without a word."""
    reader, writer = os.pipe()
    os.close(reader)

    @click.group(cls=Root)
    def root() -> None:
        pass

    @root.command()
    def write() -> None:
        with os.fdopen(writer, "w") as pipe:
            pipe.write("x")

    result = CliRunner().invoke(root, ["write"])
    assert result.exit_code == 1
    assert result.stderr == ""


def test_json_is_json_and_nothing_else(gateway: Gateway) -> None:
    """With --json the standard output is one JSON document."""
    for words in (
        ["carriers", "list"],
        ["carriers", "apply"],
        ["clients", "list"],
        ["keys", "status"],
        ["merchants", "list"],
        ["doctor"],
        ["retention", "run"],
        ["policy", "show"],
    ):
        result = gateway(*words, "--json")
        assert result.exit_code == 0, result.output
        json.loads(result.stdout)
