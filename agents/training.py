"""The timer that asks for trainings, and the agent that runs them."""

from __future__ import annotations

import logging
import time

import faust
from faust.types import StreamT, TopicT

from recsys_app.errors import RecsysError
from recsys_app.services.dead_letters import MessageSender
from recsys_app.services.recommendation_service import RecommendationService

log = logging.getLogger(__name__)


def register(
    app: faust.App,
    *,
    topic: TopicT,
    recommendations: RecommendationService,
    messages: MessageSender,
    interval_seconds: float,
) -> None:
    @app.agent(topic, name="train")
    async def train(stream: StreamT[bytes]) -> None:
        ended = 0.0
        async for event in stream.events():
            if event.message.timestamp < ended:
                continue  # asked for while a training ran; asking again is the timer's business
            try:
                await recommendations.generate_recommendations_for_all_users()
            except RecsysError as error:
                log.error("the training failed: %s; the next tick tries again", error)
            ended = time.time()

    @app.timer(interval_seconds, on_leader=True, name="ask-for-training")  # type: ignore[untyped-decorator]  # Faust's
    async def ask_for_training() -> None:
        try:
            await messages.send(topic.get_topic_name(), b"timer", b"{}")
        except RecsysError as error:
            log.error("nobody was asked to train: %s; the next tick tries again", error)
