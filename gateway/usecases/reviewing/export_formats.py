"""Writes audit entries for other programs: JSON Lines, CSV, OCSF; an entry at a time, so of any number."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

Shown = Mapping[str, Any]


class Format(StrEnum):
    """The formats there are."""

    JSONL = "jsonl"
    CSV = "csv"
    OCSF = "ocsf"


def lines(entries: Iterable[Shown], form: Format) -> Iterator[str]:
    """The entries as lines of text, each with its end."""
    match form:
        case Format.JSONL:
            return (f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries)
        case Format.CSV:
            return _csv(entries)
        case Format.OCSF:
            return (f"{json.dumps(ocsf(entry), ensure_ascii=False)}\n" for entry in entries)


_COLUMNS = (
    *("index", "id", "time", "merchant", "actor_role", "actor_id", "action", "outcome", "purpose"),
    *("reasons", "policy", "subject", "carrier", "fields", "detail", "request_id", "salt"),
    "erased",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def _csv(entries: Iterable[Shown]) -> Iterator[str]:
    """RFC 4180, every cell in quotes."""
    yield _row(_COLUMNS)
    for entry in entries:
        flat = {**entry, "actor_role": entry["actor"]["role"], "actor_id": entry["actor"]["id"]}
        yield _row(_cell(flat.get(name)) for name in _COLUMNS)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            text = "yes" if value else "no"
        case list():
            text = " ".join(value)
        case dict():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return harmless(text)


def harmless(text: str) -> str:
    """A cell that no spreadsheet runs: what begins like a formula is quoted (OWASP, CSV Injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue()


_ACTIVITIES = {
    "created": (1, "Create"),
    "registered": (1, "Create"),
    "opened": (1, "Create"),
    "requested": (1, "Create"),
    "viewed": (2, "Read"),
    "reported": (2, "Read"),
    "made": (2, "Read"),
    "discarded": (4, "Delete"),
    "expired": (4, "Delete"),
    "erased": (4, "Delete"),
    "deleted": (4, "Delete"),
    "destroyed": (4, "Delete"),
    "withdrawn": (4, "Delete"),
    "revoked": (4, "Delete"),
    "stored": (6, "Import"),
    "rejected": (6, "Import"),
    "exported": (7, "Export"),
    "released": (8, "Share"),
    "refused": (8, "Share"),
}
_UPDATE = (3, "Update")
_OTHER = (99, "Other")


def ocsf(entry: Shown) -> dict[str, Any]:
    """The entry as an event of OCSF 1.7.0, class Web Resources Activity (6001).

    Profiles host (for the actor) and security_control (for allowed and denied). What OCSF has no
    member for stands under `unmapped`, so that nothing of the entry is lost.
    """
    activity_id, activity = _activity(entry["action"])
    denied = entry["outcome"] in {"refused", "failed"}
    event = {
        "class_uid": 6001,
        "class_name": "Web Resources Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "activity_id": activity_id,
        "activity_name": activity,
        "type_uid": 600100 + activity_id,
        "type_name": f"Web Resources Activity: {activity}",
        "time": _milliseconds(entry["time"]),
        "severity_id": 1,
        "severity": "Informational",
        "action_id": 2 if denied else 1,
        "action": "Denied" if denied else "Allowed",
        "disposition_id": 2 if denied else 1,
        "disposition": "Blocked" if denied else "Allowed",
        "status_id": 2 if denied else 1,
        "status": "Failure" if denied else "Success",
        "actor": {"app_name": entry["actor"]["role"], "app_uid": entry["actor"]["id"]},
        "web_resources": [_resource(entry)],
        "metadata": _metadata(entry),
        "unmapped": {
            name: entry[name]
            for name in ("outcome", "purpose", "reasons", "carrier", "fields", "detail", "salt")
            if entry.get(name)
        },
    }
    if entry["reasons"]:
        event["status_detail"] = ", ".join(entry["reasons"])
    if entry["policy"]:
        event["policy"] = {"name": "policies", "uid": entry["policy"]}
    return event


def _activity(action: str) -> tuple[int, str]:
    noun, verb = action.split(".")
    return _OTHER if noun == "signin" else _ACTIVITIES.get(verb, _UPDATE)


def _resource(entry: Shown) -> dict[str, str]:
    resource = {"type": entry["action"].partition(".")[0]}
    resource["uid"] = entry["subject"] or entry["carrier"] or entry["merchant"]
    return resource


def _metadata(entry: Shown) -> dict[str, Any]:
    metadata = {
        "version": "1.7.0",
        "profiles": ["host", "security_control"],
        "product": {"name": "contact-export-gateway", "vendor_name": "contact-export-gateway"},
        "log_name": entry["merchant"],
        "event_code": entry["action"],
        "sequence": entry["index"],
        "uid": entry["id"],
        "original_time": entry["time"],
    }
    if entry["request_id"]:
        metadata["correlation_uid"] = entry["request_id"]
    return metadata


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
