"""Tells an OpenTelemetry collector what a request went through and for how long; never of whom or what.

A span has a name of the list below and attributes of the list below, and nothing else: no order number,
no contact, no token, no address with an id in it, no text of an error. Where no collector is configured
nothing of OpenTelemetry is loaded, and a span costs next to nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

T = TypeVar("T")

_PARENT = "traceparent"


class Step(StrEnum):
    """What a span may tell of."""

    REQUEST = "request"
    RECORD = "record"
    DECIDE = "decide"
    OPEN = "open"
    HANDOVER = "handover"


class Fact(StrEnum):
    """What a span may say; the names of HTTP are OpenTelemetry's."""

    METHOD = "http.request.method"
    ROUTE = "http.route"
    STATUS = "http.response.status_code"
    OUTCOME = "gateway.outcome"
    REASON = "gateway.reason"
    CARRIER = "gateway.carrier"


class _Started:
    """The tracer of this process, once it has one."""

    tracer: "Tracer | None" = None


def start(endpoint: str) -> None:
    """Send spans to the collector at this address (OTLP over HTTP), from here on.

    ConfigurationError where OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "tracing.endpoint: OpenTelemetry is not installed: "
            "pip install 'contact-export-gateway[tracing]'"
        ) from None
    # Not `Resource.create`, which would add what it finds of the process and its environment.
    provider = TracerProvider(resource=Resource({"service.name": "gateway"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _Started.tracer = provider.get_tracer("gateway")


def is_on() -> bool:
    """Whether anybody is told."""
    return _Started.tracer is not None


class Told:
    """The span under way, to which facts may be added."""

    __slots__ = ("_span",)

    def __init__(self, span: "Span | None") -> None:
        self._span = span

    def tell(self, fact: Fact, value: str | int) -> None:
        """Add a fact."""
        if self._span is not None:
            self._span.set_attribute(fact.value, value)


@contextmanager
def span(step: Step, outside: Mapping[str, str] | None = None) -> Iterator[Told]:
    """Tell of what is done in the block, as a part of what is told of already in this thread.

    `outside` are headers of a request that comes from outside: where they hold a W3C
    traceparent, the span continues its trace.
    """
    tracer = _Started.tracer
    if tracer is None:
        yield Told(None)
        return
    # The text of an exception is nobody's business outside.
    quiet = {"record_exception": False, "set_status_on_exception": False}
    context = None if outside is None else _continued(outside)
    with tracer.start_as_current_span(step.value, context, **quiet) as made:  # type: ignore[arg-type]
        yield Told(made)


def carried(work: Callable[..., T]) -> Callable[..., T]:
    """The work, telling of itself under the span that is under way here, whichever thread does it."""
    if _Started.tracer is None:
        return work
    from opentelemetry import context  # noqa: PLC0415

    here = context.get_current()

    @wraps(work)
    def done(*given: Any) -> T:
        token = context.attach(here)
        try:
            return work(*given)
        finally:
            context.detach(token)

    return done


def _continued(headers: Mapping[str, str]) -> Any:
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    # The parent alone: a tracestate could bring anything, and would be passed on.
    return TraceContextTextMapPropagator().extract({_PARENT: headers.get(_PARENT, "")})
