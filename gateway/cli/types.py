"""Values as they are typed on a command line."""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, TypeVar

import click

from gateway.model.times import parse_rfc3339


class Time(click.ParamType[datetime]):
    """A time with its offset, or a day, which begins at midnight UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The time in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            if len(value) == len("2026-11-23"):
                return datetime.combine(date.fromisoformat(value), time(), UTC)
            return parse_rfc3339(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 2026-11-23 or 2026-11-23T18:05:00Z", param, ctx)


TIME = Time()


Named = TypeVar("Named", bound=StrEnum)


class OneOf(click.Choice[Named]):
    """A member of an enumeration, by its outward text."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002
        """The text."""
        return str(choice)
