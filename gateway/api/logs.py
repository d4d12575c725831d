"""What the service says on stderr: JSON lines of machine facts.

Never an address, a query, an order number, a header, or the text of an exception: a message may
repeat what it failed on. Exceptions are told by their types and the places they passed.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

_DEPTH = 12
_CAUSES = 5


def configure(stream: TextIO) -> None:
    """Have structlog write JSON lines to `stream`, for the whole process."""
    structlog.configure(
        processors=[*_PROCESSORS, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )


def configuration() -> dict[str, Any]:
    """What libraries say through `logging`, in the same form; a `logging.config` dictionary."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "gateway.api.logs.formatter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {"_granian": {"level": "WARNING"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }


def formatter() -> logging.Formatter:
    """Renders the records of libraries: their message, and of an exception what may be told."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_PROCESSORS],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def told(fault: BaseException) -> dict[str, Any]:
    """What may be told of an exception: types and places, of itself and of its causes."""
    chain = list(_chain(fault))
    return {
        "fault": [_type(one) for one in chain],
        "at": [place for one in chain[:1] for place in _places(one.__traceback__)],
    }


def _without_texts(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Any:
    """Takes the place of a traceback, which would hold the exception's message."""
    found = event.pop("exc_info", None)
    fault = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(fault, BaseException):
        event.update(told(fault))
    return event


_PROCESSORS: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    _without_texts,
]


def _chain(fault: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = fault
    for _ in range(_CAUSES):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def _type(fault: BaseException) -> str:
    kind = type(fault)
    return f"{kind.__module__}.{kind.__qualname__}"


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}:{traceback.tb_lineno} {code.co_qualname}")
        traceback = traceback.tb_next
    return places[-_DEPTH:]
