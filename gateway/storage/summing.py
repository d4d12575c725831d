"""Sums up tallies that change no more: of whole spans of blocks, so that long logs are added up fast."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, literal, select

from gateway.storage.tallies import BLOCK, SPAN, counted, of_log, summed
from gateway.storage.tally_tables import tallied, tallies, tally_sums

_ENTRIES = SPAN * BLOCK


def waiting(connection: Connection) -> Sequence[int]:
    """The logs that have a whole span which is not summed up."""
    done = select(func.max(tally_sums.c.span) + 1).where(tally_sums.c.log == tallied.c.log)
    left = tallied.c.upto >= (func.coalesce(done.scalar_subquery(), 0) + 1) * _ENTRIES
    return list(connection.execute(select(tallied.c.log).where(left)).scalars())


def sum_up(connection: Connection, log: int) -> bool:
    """Sum up the next span; whether there was one."""
    span = summed(connection, log)
    if counted(connection, log) < (span + 1) * _ENTRIES:
        return False
    sums = select(literal(log), literal(span), tallies.c.kind, func.sum(tallies.c.count)).where(
        of_log(log), tallies.c.block >= span * SPAN, tallies.c.block < (span + 1) * SPAN
    )
    into = insert(tally_sums).from_select(list(tally_sums.c), sums.group_by(tallies.c.kind))
    connection.execute(into)
    return True
