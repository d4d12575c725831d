"""What libraries log is written in the same form, and their exceptions without their texts."""

import json
import logging
import logging.config
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from gateway.api import logs

CANARY = "canary-erika@example.org"


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The error output while `logging` is configured as in a worker."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logging.config.dictConfig(logs.configuration())
    yield stream
    root.handlers[:], root.level = before


def test_a_librarys_record_is_a_line_of_json(stderr: StringIO) -> None:
    """With its logger, its level and the time."""
    logging.getLogger("some.library").warning("%s connections left", 3)
    line = json.loads(stderr.getvalue())
    assert (line["event"], line["logger"]) == ("3 connections left", "some.library")
    assert line["level"] == "warning"
    assert line["time"].endswith("Z")


def test_a_librarys_exception_is_told_by_type_and_place(stderr: StringIO) -> None:
    """Its text may repeat what it failed on; so may a traceback's last line."""
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("some.library").exception("Exception during reset")
    line = json.loads(stderr.getvalue())
    assert line["fault"] == ["builtins.ValueError"]
    assert "test_a_librarys_exception_is_told_by_type_and_place" in line["at"][-1]
    assert CANARY not in stderr.getvalue()
    assert "Traceback" not in stderr.getvalue()


def test_chatter_is_not_written(stderr: StringIO) -> None:
    """Libraries are heard from warnings on."""
    logging.getLogger("some.library").info("SELECT")
    assert stderr.getvalue() == ""


def test_a_long_chain_of_causes_is_cut() -> None:
    """Also one that runs in a circle."""
    first, second = ValueError(CANARY), KeyError(CANARY)
    first.__cause__, second.__cause__ = second, first
    told = logs.told(first)
    assert told["fault"][:2] == ["builtins.ValueError", "builtins.KeyError"]
    assert len(told["fault"]) == 5
    assert told["at"] == []
