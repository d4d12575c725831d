"""What can go wrong on the client's side; no text of these holds a contact."""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """The gateway could not be reached, or did not answer as a gateway does."""


class ProblemError(ClientError):
    """The gateway answered with a problem (RFC 9457); `retry_after` in seconds, where it named any."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None) -> None:
        super().__init__(f"{status} {problem.get('title', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


class UnverifiedError(ClientError):
    """Something that came is not what the gateway signed, sealed or recorded for this carrier."""
