"""What the verification of a whole log ends in; a fault always says where."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.audit.checkpoint import Checkpoint


class FaultKind(StrEnum):
    """What sort of thing is wrong."""

    KEY = "key"
    CHECKPOINT = "checkpoint"
    TRUNCATED = "truncated"
    CONTRADICTION = "contradiction"
    MISSING = "missing"
    ENTRY = "entry"
    TILE = "tile"
    CONTENTS = "contents"
    ORDER = "order"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class LogFault:
    """The first fault found.

    `place` is the path of the tile or bundle, or names the checkpoint. `index` is the first entry
    that is wrong, or the first that can be where the fault covers several; None where no entry is
    concerned.
    """

    kind: FaultKind
    place: str
    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """Everything agrees with the signed `checkpoint`.

    `stored` and `held` count the earlier and the outside checkpoints that agreed as well. `ours` is
    False for a log whose entries are not in this gateway's format: then only its structure was
    verified. The times are those of its first and last entry.
    """

    checkpoint: Checkpoint
    stored: int
    held: int
    ours: bool
    first_time: str | None
    last_time: str | None


class FaultFound(Exception):
    """Ends a verification early; `verify_log` turns it into its value."""

    def __init__(self, fault: LogFault) -> None:
        super().__init__(fault.reason)
        self.fault = fault
