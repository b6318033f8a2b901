"""How the log looks: one JSON object a line for machines, colours for a person at a terminal."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being answered; every line that is logged meanwhile has it."""

_CHATTY = (
    "hdfs",  # a line for every request
    "aiokafka.consumer.group_coordinator",  # two lines whenever the lag is read
    "aiokafka.consumer.subscription_state",
)


def logging_config(*, pretty: bool | None = None) -> dict[str, Any]:
    """A configuration for `logging`, to be merged into Faust's, which adds the level.

    Everything that logs, libraries included, goes through one handler to standard error. What is
    bound with `structlog.contextvars` is in every line of its task, and so is the request's id.

    Args:
        pretty: coloured text instead of JSON; by default if standard error is a terminal.
    """
    if pretty is None:
        pretty = sys.stderr.isatty()
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if pretty
        else [structlog.processors.format_exc_info, _to_json]
    )
    return {
        "merge": True,
        "version": 1,
        "formatters": {
            "recsys": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            }
        },
        "handlers": {
            "default": {
                "class": "logging.StreamHandler",
                "formatter": "recsys",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {name: {"level": "WARNING"} for name in _CHATTY},
    }


def _add_request_id(_: object, __: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _to_json(_: object, __: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()
