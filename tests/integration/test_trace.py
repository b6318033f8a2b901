"""One rating's trace, from the request to Redis, as a collector gets it from a worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from jobs.item_factors import item_factors_path
from recsys_app.models import Movie
from recsys_app.stack import Stack
from tests.item_factors import invented_items
from tests.service import Service

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Keeps every span that is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        collector.spans += scope.spans
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)

    def of_trace(self) -> dict[str, Span]:
        return {span.name: span for span in self.spans if span.trace_id.hex() == TRACE}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


@pytest.fixture
async def service(stack: Stack, tmp_path: Path) -> Service:
    """An installation with a model, so that ratings lead to lists."""
    service = Service(stack, name="trace", home=tmp_path, roles="web,agents", tracing=True)
    parts = service.components()
    await parts.prepare()
    items = invented_items()
    await parts.movie_store.put_many([Movie(int(each), f"Film {each}") for each in items.movie_ids])
    await parts.files.write(item_factors_path(parts.settings.models_root, "v1"), items.to_bytes())
    await parts.models.register("v1", 1, {})
    await parts.models.update("v1", {"status": "ready", "popular": [[10, 4.0], [20, 3.5]]})
    await parts.models.activate("v1", 1)
    await parts.close()
    return service


@pytest.mark.timeout(180)
async def test_one_rating_is_one_trace_from_the_request_to_redis(
    service: Service, collector: Collector
) -> None:
    service.environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with service:
        service.wait_until(lambda: service.get("/readyz").json().get("model") == "v1")
        answer = service.post(
            "/send_rating",
            json={"userId": 7, "movieId": 10, "rating": 5},
            headers={"traceparent": f"00-{TRACE}-{CALLER}-01"},
        )
        assert answer.status_code == 202
        service.wait_until(lambda: "cache-recommendations" in collector.of_trace())
    spans = collector.of_trace()
    request = next(span for name, span in spans.items() if "send_rating" in name)
    assert request.parent_span_id.hex() == CALLER
    assert spans["fold-in"].parent_span_id == request.span_id
    assert spans["cache-recommendations"].parent_span_id == spans["fold-in"].span_id
