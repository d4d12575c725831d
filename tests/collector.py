"""An OpenTelemetry collector on this machine, which keeps what it is sent (OTLP over HTTP)."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Collector:
    """The bodies that came; one after the other they are one body again, as protobuf has it."""

    endpoint: str
    received: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Span:
    """A span as the collector sees it; ids in hexadecimal."""

    name: str
    trace: str
    own: str
    parent: str
    facts: Mapping[str, str | int]
    events: int


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said of it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans(received: bytes) -> list[Span]:
    """The spans in it, whichever worker told of them."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
    )

    told = ExportTraceServiceRequest.FromString(received)
    found: list[Span] = []
    for resource in told.resource_spans:
        assert {it.key: it.value.string_value for it in resource.resource.attributes} == {
            "service.name": "gateway"
        }
        for scope in resource.scope_spans:
            for one in scope.spans:
                facts = {
                    it.key: it.value.string_value or it.value.int_value for it in one.attributes
                }
                ids = (one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex())
                found.append(Span(one.name, *ids, facts, len(one.events)))
    return found
