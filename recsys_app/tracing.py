"""One rating's trace from the request to Redis, by OpenTelemetry.

Only who asks for it (`RECSYS_TRACING=1`) imports OpenTelemetry; without, no code here runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from recsys_app.errors import ConfigurationError
from recsys_app.models import Headers, Message

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_MOST_SPANS = 100
"""In one batch: a flood of ratings is not made worse by its traces."""


class Tracing:
    """Spans, and their passage through Kafka's headers (W3C Trace Context)."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._trace = trace
        self._tracer = provider.get_tracer("recsys")
        self._propagator = TraceContextTextMapPropagator()
        self._following: ContextVar[Mapping[bytes | None, Span]] = ContextVar("following")

    @contextmanager
    def request(self, name: str, headers: Mapping[str, str]) -> Iterator[None]:
        """A span around a request, which goes on with the caller's trace if there is one."""
        carrier = {name.lower(): value for name, value in headers.items()}
        context = self._propagator.extract(carrier)
        kind = self._trace.SpanKind.SERVER
        with self._tracer.start_as_current_span(name, context=context, kind=kind):
            yield

    @contextmanager
    def consuming(self, name: str, records: Sequence[Message]) -> Iterator[None]:
        """A span for each record that brings a trace, until the block ends.

        What is sent meanwhile with the key of such a record goes on with its trace.
        """
        spans: dict[bytes | None, Span] = {}
        for record in records:
            carrier = {key: value.decode("ascii", "replace") for key, value in record.headers}
            if "traceparent" in carrier and record.key not in spans and len(spans) < _MOST_SPANS:
                context = self._propagator.extract(carrier)
                kind = self._trace.SpanKind.CONSUMER
                spans[record.key] = self._tracer.start_span(name, context=context, kind=kind)
        token = self._following.set(spans)
        try:
            yield
        finally:
            self._following.reset(token)
            for span in spans.values():
                span.end()

    def outgoing(self, key: bytes | None) -> Headers:
        """The headers with which a message of this key carries its trace on; none without one."""
        span = self._following.get({}).get(key)
        context = self._trace.set_span_in_context(span) if span else None
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, context=context)
        return [(name, value.encode()) for name, value in carrier.items()]

    def close(self) -> None:
        """Sends what was not sent yet."""
        self._provider.shutdown()


def open_tracing(service: str) -> Tracing:
    """Traces that go where OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`).

    Raises:
        ConfigurationError: OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError(
            "RECSYS_TRACING needs packages more: pip install 'recsys[tracing]'."
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
