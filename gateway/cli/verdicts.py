"""The verdict on a log, as a sentence and as the members of JSON."""

from datetime import datetime, timedelta
from typing import Any

from gateway.audit.verdict import LogFault, LogReport
from gateway.model.times import rfc3339
from gateway.usecases.log.verify import Deleted
from gateway.usecases.log.witnessed import Witnessed


def sentence(outcome: LogReport | LogFault | Deleted) -> str:
    """What was found."""
    match outcome:
        case LogFault():
            where = "" if outcome.index is None else f", entry {outcome.index}"
            return f"NOT VERIFIED: {outcome.place}{where}: {outcome.reason}"
        case Deleted():
            size, at = outcome.checkpoint.size, rfc3339(outcome.at)
            return f"deleted whole, with {size} entries, as is on record of {at}"
    form = "" if outcome.ours else ", of no format known here"
    span = f" from {outcome.first_time} to {outcome.last_time}" if outcome.first_time else ""
    passed = f"{outcome.stored} stored and {outcome.held} held checkpoints agree"
    return f"VERIFIED: {outcome.checkpoint.size} entries{form}{span}; {passed}"


def witnesses(found: Witnessed | None, now: datetime) -> str:
    """Up to where a log is witnessed, and for how long it has been."""
    if found is None:
        return "no witness has cosigned it"
    age = max(now - found.at, timedelta())
    since = f"{rfc3339(found.at)}, {timedelta(seconds=int(age.total_seconds()))} ago"
    return f"witnessed up to {found.size} entries ({since}) by {', '.join(found.names)}"


def witness_members(found: Witnessed | None) -> dict[str, Any] | None:
    """The same for programs."""
    return None if found is None else {"size": found.size, "at": found.at, "by": list(found.names)}


def members(outcome: LogReport | LogFault | Deleted) -> dict[str, Any]:
    """The same for programs."""
    match outcome:
        case LogFault():
            return {
                "verified": False,
                "kind": outcome.kind,
                "place": outcome.place,
                "index": outcome.index,
                "reason": outcome.reason,
            }
        case Deleted():
            size, at = outcome.checkpoint.size, outcome.at
            return {"verified": True, "size": size, "deleted": True, "deleted_at": at}
    return {
        "verified": True,
        "size": outcome.checkpoint.size,
        "root": outcome.checkpoint.root.hex(),
        "checkpoints": outcome.stored,
        "held": outcome.held,
        "first_time": outcome.first_time,
        "last_time": outcome.last_time,
    }
