"""The timer, the agent and the job, together in a real worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_app.models import Movie, Rating
from recsys_app.stack import Stack
from tests.service import SMALL_MODEL, Service


@pytest.mark.timeout(900)
async def test_the_timer_trains_and_a_failure_is_told_and_tried_again(
    stack: Stack, tmp_path: Path
) -> None:
    with Service(
        stack, name="timer", home=tmp_path, train_interval_seconds=8, train_parameters=SMALL_MODEL
    ) as service:
        parts = service.components()
        await parts.messages.start()

        def newest_run() -> dict[str, str]:
            return dict(service.get("/readyz").json().get("training") or {})

        service.wait_until(lambda: newest_run().get("status") == "failed", 300)
        service.wait_until(lambda: "catalogue is empty" in (newest_run().get("cause") or ""))
        assert service.get("/recommendations/1").status_code == 200

        await parts.movie_store.put_many(Movie(i, f"Movie {i}", 2000, []) for i in range(1, 31))
        await parts.ratings.send_ratings(
            [Rating(u, m, (u * m) % 10 / 2 + 0.5) for u in range(1, 13) for m in range(u, u + 15)]
        )
        service.wait_until(lambda: newest_run().get("status") == "ready", 500)
        rated = set(range(1, 16))

        def offers_what_is_not_rated() -> bool:
            answer = service.get("/recommendations/1")
            offered = {movie["movieId"] for movie in answer.json()}
            by_model = answer.headers["X-Recommendation-Source"] == "model"
            return by_model and bool(offered) and not offered & rated

        service.wait_until(offers_what_is_not_rated)
        await parts.close()
