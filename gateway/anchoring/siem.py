"""Streams every entry to a SIEM as OCSF events: in order, each at least once, from where it left off.

An entry counts as delivered only once the SIEM said so; nothing waits for it but the next entry.
"""

import json
from collections.abc import Sequence

from gateway.anchoring.sending import Sender
from gateway.errors import Unavailable
from gateway.handover.exchange import Reply
from gateway.settings import Siem
from gateway.storage import siem_cursors, tree
from gateway.storage.store import Store
from gateway.usecases.holding import Hold
from gateway.usecases.reviewing.export_formats import Format, lines
from gateway.usecases.schedule import Counts, Duty

NAME = "siem"
_BATCH = 500
_MOST = 100_000
"""Entries in one turn: other tasks have theirs, too."""

_MEDIA_TYPE = "application/x-ndjson"
_SUCCESS = range(200, 300)


def duties(store: Store, settings: Siem, sender: Sender) -> Sequence[Duty]:
    """The task of streaming; none where no SIEM is configured."""
    if settings.url is None:
        return []
    url = settings.url

    def work(hold: Hold) -> Counts:
        with store.read() as connection:
            waiting = siem_cursors.waiting(connection)
        sent, broken = 0, None
        for log in waiting:
            for start in range(log.upto, log.size, _BATCH):
                if sent >= _MOST:
                    return {"sent": sent}
                end = min(log.size, start + _BATCH)
                with store.read() as connection:
                    leaves = tree.leaves(connection, log.log, start, end)
                if len(leaves) < end - start:
                    # A log that was tampered with keeps no other from being told.
                    broken = broken or f"entry {start + len(leaves)} of log {log.log} is missing"
                    break
                _deliver(sender, settings, url, leaves)
                with store.change() as connection:
                    hold.renew(connection, store.clock())
                    siem_cursors.move(connection, log.log, end)
                sent += len(leaves)
        if broken is not None:
            raise Unavailable(NAME, f"{broken}; gateway audit verify")
        return {"sent": sent}

    return [Duty(NAME, settings.every, work)]


def _deliver(sender: Sender, settings: Siem, url: str, leaves: Sequence[bytes]) -> None:
    """Post some entries. Unavailable: they were not confirmed, and are posted again."""
    events = "".join(lines(map(json.loads, leaves), Format.OCSF))
    reply = sender.post(url, events.encode(), _MEDIA_TYPE, _token(settings))
    if not isinstance(reply, Reply):
        raise Unavailable(NAME, f"the SIEM does not answer: {reply.hindrance}")
    if reply.status not in _SUCCESS:
        raise Unavailable(NAME, f"the SIEM answers {reply.status}")


def _token(settings: Siem) -> str | None:
    if settings.token_file is None:
        return None
    try:
        return settings.token_file.read_text("ascii").strip()
    except (OSError, ValueError) as fault:
        raise Unavailable(NAME, f"siem.token_file cannot be read: {type(fault).__name__}") from None
