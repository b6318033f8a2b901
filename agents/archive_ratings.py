"""Ratings from their topic to the archive."""

from __future__ import annotations

import faust
from faust.types import StreamT, TopicT

from agents.batches import consume_batches
from recsys_app.failpoints import Reach, nothing
from recsys_app.services.rating_service import RatingService


def register(
    app: faust.App,
    *,
    topic: TopicT,
    ratings: RatingService,
    flush_rows: int,
    flush_seconds: float,
    reach: Reach = nothing,
) -> None:
    @app.agent(topic, name="archive-ratings")
    async def archive_ratings(stream: StreamT[bytes]) -> None:
        await consume_batches(
            app,
            stream,
            ratings.consume_ratings,
            rows=flush_rows,
            seconds=flush_seconds,
            reach=reach,
        )
