"""Entries for other programs: nothing is lost, and no spreadsheet runs what an entry holds."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from gateway.audit.entry import Action, Outcome
from gateway.usecases.reviewing.export_formats import Format, lines, ocsf

_CLASS = Path(__file__).with_name("ocsf-6001.json")

ENTRY: dict[str, Any] = {
    "index": 83,
    "id": "01a209e263d4dfca735b6104a0ac871c",
    "time": "2026-11-23T19:29:21.364334Z",
    "merchant": "default",
    "actor": {"role": "carrier", "id": "c1"},
    "action": "contact.refused",
    "outcome": "refused",
    "purpose": "marketing",
    "reasons": ["purpose_marketing", "window_closed"],
    "policy": "sha256:d6bb",
    "subject": "9eda3213877b7ca60542e585e63a2d3e",
    "carrier": "dachser",
    "fields": ["name", "phone"],
    "detail": {"filters": "action"},
    "request_id": "r1",
    "salt": "9f88934929294364c1855dfbc8b5ce48",
}


def changed(**members: Any) -> dict[str, Any]:
    return ENTRY | members


def rows(*entries: dict[str, Any]) -> list[dict[str, str]]:
    """What a spreadsheet reads of them."""
    text = "".join(lines(entries, Format.CSV))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_lines_are_the_entries_themselves() -> None:
    """One entry a line, nothing added, nothing left out."""
    text = list(lines([ENTRY, changed(index=84)], Format.JSONL))
    assert [json.loads(line) for line in text] == [ENTRY, changed(index=84)]
    assert all(line.count("\n") == 1 for line in text)


def test_a_row_holds_all_of_an_entry() -> None:
    """Lists by blanks, detail as JSON, what is absent as an empty cell."""
    [row] = rows(ENTRY)
    assert row["actor_role"] == "carrier"
    assert row["reasons"] == "purpose_marketing window_closed"
    assert json.loads(row["detail"]) == ENTRY["detail"]
    assert set(row) == set(ENTRY) - {"actor"} | {"actor_role", "actor_id", "erased"}
    assert row["erased"] == ""
    assert rows({**ENTRY, "erased": True})[0]["erased"] == "yes"
    [row] = rows(changed(purpose=None, reasons=[]))
    assert (row["purpose"], row["reasons"]) == ("", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_like_a_formula(start: str) -> None:
    """A spreadsheet shows the text, it does not run it."""
    hostile = f'{start}HYPERLINK("https://example.org")'
    [row] = rows(
        changed(merchant=hostile, reasons=[hostile], actor={"role": hostile, "id": hostile})
    )
    for name in ("merchant", "reasons", "actor_role", "actor_id"):
        assert row[name] == f"'{hostile}"


def test_quotes_commas_and_breaks_stay_in_their_cell() -> None:
    """RFC 4180: a cell may hold anything and be read back."""
    text = 'a "b", c;\r\nd'
    assert rows(changed(merchant=text))[0]["merchant"] == text


def test_a_log_without_entries_still_has_its_head() -> None:
    """A file with the names of the columns, not an empty one."""
    assert len(list(lines([], Format.CSV))) == 1
    assert list(lines([], Format.JSONL)) == []


def test_a_refusal_is_a_denied_web_resources_activity() -> None:
    """Class 6001, type by class and activity, action Denied, time in milliseconds, reasons told."""
    event = ocsf(ENTRY)
    assert event["class_uid"] == 6001
    assert event["category_uid"] == 6
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert (event["action_id"], event["action"]) == (2, "Denied")
    assert event["time"] == 1795462161364
    assert event["status_detail"] == "purpose_marketing, window_closed"
    assert event["policy"]["uid"] == ENTRY["policy"]
    assert event["metadata"]["correlation_uid"] == "r1"
    assert event["web_resources"] == [{"type": "contact", "uid": ENTRY["subject"]}]


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_a_valid_event(action: Action) -> None:
    """As OCSF defines the class, its objects and enums; with and without members that may be empty."""
    event_class = Draft202012Validator(json.loads(_CLASS.read_text()))
    bare = {"purpose": None, "reasons": [], "policy": None, "subject": None, "carrier": None}
    for outcome in Outcome:
        for further in ({}, {**bare, "request_id": None, "fields": []}):
            event = ocsf(changed(action=action.value, outcome=outcome.value, **further))
            event_class.validate(event)
            told = outcome in {Outcome.PERMITTED, Outcome.DONE}
            assert event["action"] == ("Allowed" if told else "Denied")
    for wrong in ({"class_uid": 6002}, {"activity_id": 9}, {"subject": "s"}, {"metadata": {}}):
        assert not event_class.is_valid(event | wrong)


def test_nothing_of_an_entry_is_lost_in_an_event() -> None:
    """What OCSF has no place for stands under `unmapped`, so the leaf can be made again."""
    text = json.dumps(ocsf(ENTRY))
    for value in (ENTRY["salt"], "marketing", "dachser", "name", "phone", ENTRY["id"], "filters"):
        assert value in text
