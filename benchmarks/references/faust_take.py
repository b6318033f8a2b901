"""Faust's own loop with an empty body.

python -m benchmarks.references.faust_take KAFKA TOPIC RECORDS
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from typing import Any

import faust
import uvloop

from benchmarks.meter import Meter


def main() -> None:
    uvloop.install()
    kafka, topic, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
    meter = Meter(records)
    app = faust.App(
        f"take-{uuid.uuid4().hex}",
        broker=f"kafka://{kafka}",
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
    )

    @app.agent(app.topic(topic, key_type=bytes, value_type=bytes))
    async def take(stream: Any) -> None:
        async for batch in stream.take(1000, within=1):
            meter.add(len(batch))

    faust.Worker(app, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main()
