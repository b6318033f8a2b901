"""What a log line looks like, to a machine and to a person, and how a request is followed."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from structlog.contextvars import bound_contextvars

from recsys_app.logs import logging_config
from recsys_app.metrics import Metrics
from web.answering import answering

Configure = Callable[..., io.StringIO]


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Configures one logger of this test's own as the worker configures the root."""
    logger = logging.getLogger("tests.logs")

    def configured(*, pretty: bool) -> io.StringIO:
        stream = io.StringIO()
        config: dict[str, Any] = {
            **logging_config(pretty=pretty),
            "disable_existing_loggers": False,
        }
        config["handlers"]["default"]["stream"] = stream
        own = {"handlers": ["default"], "level": "INFO", "propagate": False}
        config["loggers"] = {"tests.logs": own, "web": own}
        logging.config.dictConfig(config)
        return stream

    yield configured
    for each in (logger, logging.getLogger("web")):
        each.handlers.clear()
        each.propagate = True
        each.setLevel(logging.NOTSET)


def test_each_line_is_one_json_object_even_with_a_traceback(configure: Configure) -> None:
    stream = configure(pretty=False)
    log = logging.getLogger("tests.logs")
    with bound_contextvars(topic="ratings", partition=2, offsets="7-9"):
        log.warning("waited for %s\nand more", "HDFS")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("it failed")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["event"] == "waited for HDFS\nand more"
    assert (first["topic"], first["partition"], first["offsets"]) == ("ratings", 2, "7-9")
    assert (first["level"], first["logger"]) == ("warning", "tests.logs")
    assert first["timestamp"].endswith("Z")
    assert "ValueError: broken" in second["exception"]
    assert "topic" not in second


def test_a_person_gets_text(configure: Configure) -> None:
    stream = configure(pretty=True)
    logging.getLogger("tests.logs").info("ready")
    assert "ready" in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1", True), ("two\twords", False), ("x" * 65, False), ("", False)]
)
async def test_the_request_id_is_in_the_log_and_in_the_answer(
    configure: Configure, given: str, kept: bool
) -> None:
    stream = configure(pretty=False)

    async def fail(_: web.Request) -> web.Response:
        raise RuntimeError("a mistake")

    application = web.Application(middlewares=[answering(observer=Metrics(CollectorRegistry()))])
    application.router.add_get("/fail", fail)
    async with TestClient(TestServer(application)) as client:
        answer = await client.get("/fail", headers={"X-Request-ID": given})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (answer.headers["X-Request-ID"] == given) is kept
    assert {line["request_id"] for line in lines} == {answer.headers["X-Request-ID"]}
    assert len(lines) == 2  # the traceback, and the request
