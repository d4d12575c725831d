"""The rules that were approved, and those that wait for it; they are kept for all merchants alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.storage.console_tables import accounts
from gateway.storage.rule_tables import rule_proposals, rule_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Rules that wait; `asked_by` is an account, None for whoever proposed them at the machine."""

    proposal_id: str
    version: str
    texts: Mapping[str, str]
    asked_by: str | None
    asked_by_name: str | None
    asked_at: datetime
    ends_at: datetime


def newest(connection: Connection) -> str | None:
    """The version that decides; None where none was ever approved."""
    last = select(rule_versions.c.version).order_by(rule_versions.c.number.desc()).limit(1)
    found: str | None = connection.execute(last).scalar()
    return found


def texts(connection: Connection, version: str) -> Mapping[str, str] | None:
    """The files of a version that decides or decided, by name."""
    of_version = select(rule_versions.c.texts).where(rule_versions.c.version == version)
    found = connection.execute(of_version.order_by(rule_versions.c.number.desc())).scalar()
    return None if found is None else dict(json.loads(found))


def approve(connection: Connection, version: str, files: Mapping[str, str], now: datetime) -> None:
    """Have a version decide from now on."""
    connection.execute(
        insert(rule_versions).values(
            version=version, texts=json.dumps(dict(files)), approved_at=now
        )
    )


def proposal(connection: Connection) -> Proposal | None:
    """What waits, whether it still counts or not; there is one at the most."""
    found = select(rule_proposals, accounts.c.name).outerjoin(
        accounts, accounts.c.account == rule_proposals.c.account
    )
    row = connection.execute(found).first()
    if row is None:
        return None
    return Proposal(
        proposal_id=row.proposal,
        version=row.version,
        texts=json.loads(row.texts),
        asked_by=row.account,
        asked_by_name=row.name,
        asked_at=row.asked_at,
        ends_at=row.ends_at,
    )


def propose(connection: Connection, made: Proposal) -> None:
    """Keep a proposal, in place of any other."""
    drop(connection)
    connection.execute(
        insert(rule_proposals).values(
            proposal=made.proposal_id,
            version=made.version,
            texts=json.dumps(dict(made.texts)),
            account=made.asked_by,
            asked_at=made.asked_at,
            ends_at=made.ends_at,
        )
    )


def drop(connection: Connection) -> None:
    """Forget what was proposed."""
    connection.execute(delete(rule_proposals))
