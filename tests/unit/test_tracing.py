"""One trace from the request, through two topics, to the cache."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recsys_app.models import Record
from recsys_app.tracing import Tracing


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Tracing(provider)


def test_a_rating_is_one_trace(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with tracing.request("POST /send_rating", {"Traceparent": caller}):
        rating = Record(0, 0, b"7", b"{}", tracing.outgoing(b"7"))
    stranger = Record(1, 0, b"8", b"{}")
    with tracing.consuming("fold-in", [rating, stranger]):
        assert tracing.outgoing(b"8") == []
        listed = Record(0, 0, b"7", b"{}", tracing.outgoing(b"7"))
    with tracing.consuming("cache-recommendations", [listed]):
        pass
    request, fold_in, cache = spans.get_finished_spans()
    assert [request.name, fold_in.name, cache.name] == [
        "POST /send_rating",
        "fold-in",
        "cache-recommendations",
    ]
    traces = {f"{span.get_span_context().trace_id:032x}" for span in (request, fold_in, cache)}
    assert traces == {caller.split("-")[1]}
    assert fold_in.parent is not None
    assert fold_in.parent.span_id == request.get_span_context().span_id
    assert cache.parent is not None
    assert cache.parent.span_id == fold_in.get_span_context().span_id


def test_broken_headers_begin_no_trace(tracing: Tracing, spans: InMemorySpanExporter) -> None:
    record = Record(0, 0, b"7", b"{}", [("traceparent", b"\xff nonsense")])
    with tracing.consuming("fold-in", [record]):
        pass
    assert all(span.parent is None for span in spans.get_finished_spans())


def test_a_batch_has_a_bounded_number_of_spans(
    tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    with tracing.request("POST /ratings", {}):
        headers = tracing.outgoing(None)
    records = [Record(n, 0, b"%d" % n, b"{}", headers) for n in range(1000)]
    with tracing.consuming("fold-in", records):
        pass
    assert len(spans.get_finished_spans()) < 200


def test_without_the_setting_opentelemetry_is_not_even_imported() -> None:
    code = (
        "import sys; from recsys_app.application import Components; "
        "from recsys_app.settings import Settings; assert Components(Settings()).tracing is None; "
        "sys.exit(any(name.startswith('opentelemetry.exporter') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
