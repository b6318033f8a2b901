"""Recommendations from their topic to the cache."""

from __future__ import annotations

from contextlib import nullcontext

import faust
from faust.types import StreamT, TopicT

from agents.batches import Trace, consume_batches
from recsys_app.services.recommendation_consumer_service import RecommendationConsumerService


def register(
    app: faust.App,
    *,
    topic: TopicT,
    consumer: RecommendationConsumerService,
    trace: Trace = lambda records: nullcontext(),
) -> None:
    @app.agent(topic, name="cache-recommendations")
    async def cache_recommendations(stream: StreamT[bytes]) -> None:
        await consume_batches(
            app, stream, consumer.consume_recommendations, rows=500, seconds=0.005, trace=trace
        )
