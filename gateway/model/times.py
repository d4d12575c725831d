"""Times as the outward surface writes them: RFC 3339 in UTC with a Z."""

from datetime import UTC, datetime


def rfc3339(time: datetime) -> str:
    """For example 2026-11-23T18:05:00Z; fractions of a second stay where there are any."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """The time in UTC; ValueError where the text is no RFC 3339 time or has no offset."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time needs its offset, for example 2026-11-23T18:05:00Z")
    return time.astimezone(UTC)
