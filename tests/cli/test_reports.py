"""`gateway reports`: for people, for paper, for programs, and always on record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Gateway

Told = Callable[..., Any]

WORDS = [
    ("processing",),
    ("breach", "--from", "2026-11-01", "--to", "2026-11-30"),
    ("access", "--quarter", "2026q4"),
]


@pytest.mark.parametrize("words", WORDS, ids=lambda it: it[0])
def test_a_report_has_every_form(
    gateway: Gateway, told: Told, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """As text in both languages, as PDF, as data with the checkpoint it rests on."""
    english = gateway("reports", *words)
    german = gateway("reports", *words, "--language", "de")
    assert "What this report rests on" in english.stdout
    assert "Worauf dieser Bericht beruht" in german.stdout
    paper = tmp_path / "report.pdf"
    assert gateway("reports", *words, "--pdf", str(paper)).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")
    made = told("reports", *words)
    assert made["report"] == words[0]
    assert made["basis"]["size"] > made["basis"]["log_index"]


def test_a_buyer_is_reported_on_erased_and_proven(gateway: Gateway, told: Told) -> None:
    """The way of a letter: report, list of recipients, erasure, proof."""
    gateway("demo")
    order = ("--order", "bagm62dvgp")
    assert "Order bagm62dvgp" in gateway("reports", "recipients", *order).stdout
    assert gateway("reports", "notification", *order).exit_code == 0
    gateway("subjects", "erase", *order, "--reason", "by letter")
    entries = gateway("audit", "export", "--action", "subject.erased").stdout
    entry_id = entries.partition('"id": "')[2][:32]
    assert told("reports", "erasure", entry_id)["content"]["reason"] == "by letter"
    again = gateway("reports", "recipients", *order)
    assert (again.exit_code, "is erased" in again.output) == (1, True)


def test_days_that_are_none_are_named(gateway: Gateway) -> None:
    """The field, and how to write it."""
    answer = gateway("reports", "breach", "--from", "yesterday", "--to", "2026-11-30")
    assert answer.exit_code == 1
    assert "from: a day, such as 2026-11-23" in answer.output
