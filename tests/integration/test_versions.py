"""Versions of the model on the real servers: judged, listed, gone back to, put side by side."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from jobs.item_factors import item_factors_path
from jobs.spec import ModelParameters, TrainingResult, TrainingSpec
from recsys_app.application import Components
from recsys_app.errors import RecsysError
from recsys_app.models import Movie, Rating
from recsys_app.services.archive_snapshots import ReadingPlan
from recsys_app.services.training_service import TrainingService
from recsys_app.stack import Stack
from recsys_app.stores.mongo import MongoLeaseStore
from tests.item_factors import invented_items
from tests.service import Service


@pytest.fixture
async def parts(stack: Stack, tmp_path: Path) -> AsyncIterator[Components]:
    name = f"ver{uuid.uuid4().hex[:8]}"
    components = Service(stack, name=name, home=tmp_path, topic_partitions=2).components()
    await components.prepare()
    await components.messages.start()
    films = [Movie(int(id_), f"Film {id_}") for id_ in invented_items().movie_ids]
    await components.movie_store.put_many(films)
    yield components
    await components.close()


class FakeTrainings:
    """Trainings that leave a model of the given quality at once."""

    def __init__(self, parts: Components, *qualities: float) -> None:
        self._parts = parts
        self._qualities = list(qualities)

    async def run(
        self, function: Callable[[TrainingSpec], TrainingResult], spec: TrainingSpec
    ) -> TrainingResult:
        parts, metrics = self._parts, {"ndcg@10": self._qualities.pop(0)}
        items = invented_items(version=spec.version, seed=int(spec.version[1:]))
        path = item_factors_path(parts.settings.models_root, spec.version)
        await parts.files.write(path, items.to_bytes())
        await parts.models.update(
            spec.version, {"status": "ready", "metrics": metrics, "popular": [[10, 4.0]]}
        )
        return TrainingResult(spec.version, 5, 60, 99, 0, {}, ModelParameters(), metrics)

    def service(self, rejected: list[str] | None = None) -> TrainingService:
        async def spec(version: str, plan: ReadingPlan) -> TrainingSpec:
            return TrainingSpec(version, plan.files, "", "", "", (), "", "")

        return TrainingService(
            models=self._parts.models,
            leases=MongoLeaseStore(self._parts.mongo),
            archive=self._parts.snapshots,
            pool=self,
            job=never,
            new_spec=spec,
            holder="test",
            on_rejected=lambda: (rejected if rejected is not None else []).append("one"),
        )


def never(spec: TrainingSpec) -> TrainingResult:
    raise AssertionError("the fake runs instead")


async def answer_for(parts: Components, user: int) -> tuple[str, list[int]]:
    answer = await parts.recommendations.get_recommendations_by_user_id(user)
    return answer.model_version, [m["movieId"] for m in msgspec.json.decode(answer.body)]


async def take_ratings(parts: Components) -> None:
    for partition in (0, 1):
        end = (await parts.topics.offsets(parts.names.ratings, partition)).end
        start = await parts.fold_in.first_offset(partition)
        records = await parts.topics.read(parts.names.ratings, partition, start, end)
        await parts.fold_in.consume_ratings({partition: records})


class TestGate:
    async def test_a_worse_model_is_registered_and_not_served(self, parts: Components) -> None:
        rejected: list[str] = []
        trainings = FakeTrainings(parts, 0.20, 0.10, 0.19).service(rejected)
        first, second, third = [await trainings.train() for _ in range(3)]
        assert rejected == ["one"]
        runs = {run.version: run for run in await parts.registry.versions()}
        assert [runs[str(v)].status for v in (first, second, third)] == [
            "ready",
            "rejected",
            "ready",
        ]
        assert runs[str(second)].cause == (
            "its ndcg@10 is 0.100, the active one's 0.200: more than 10% worse"
        )
        assert runs[str(third)].is_active
        assert runs[str(second)].metrics == {"ndcg@10": 0.1}

    async def test_the_health_says_why_the_newest_model_is_not_served(
        self, parts: Components
    ) -> None:
        trainings = FakeTrainings(parts, 0.20, 0.10).service()
        await trainings.train()
        await trainings.train()
        last = await trainings.last_run()
        assert last["status"] == "rejected"
        assert "0.100" in str(last["cause"])

    async def test_the_metrics_say_why_too(self, parts: Components) -> None:
        trainings = FakeTrainings(parts, 0.20, 0.10, 0.19).service()
        await trainings.train()
        rejected = str(await trainings.train())
        await parts.observation.observe()
        shown = parts.metrics.exposition("")[0].decode()
        assert 'recsys_model_rejected_info{cause="its ndcg@10 is 0.100' in shown
        assert f'version="{rejected}"}} 1.0' in shown
        await trainings.train()
        await parts.observation.observe()
        assert "recsys_model_rejected_info{" not in parts.metrics.exposition("")[0].decode()


class TestRollBack:
    async def test_an_older_version_is_served_whole(self, parts: Components) -> None:
        trainings = FakeTrainings(parts, 0.2, 0.2).service()
        first, second = str(await trainings.train()), str(await trainings.train())
        await parts.ratings.send_rating(Rating(7, 30, 5))
        await parts.recommendations.refresh()
        await take_ratings(parts)
        version, by_second = await answer_for(parts, 7)
        assert version == second
        await parts.registry.roll_back(first)
        await parts.recommendations.refresh()
        version, by_first = await answer_for(parts, 7)
        assert version == first
        assert by_first != by_second
        assert 30 not in by_first
        await parts.registry.roll_back(second)
        await parts.recommendations.refresh()
        assert await answer_for(parts, 7) == (second, by_second)

    @pytest.mark.parametrize("version", ["v99", "best"])
    async def test_an_unknown_version_is_refused(self, parts: Components, version: str) -> None:
        with pytest.raises(RecsysError, match=version):
            await parts.registry.roll_back(version)


class TestExperiment:
    async def test_users_are_split_and_what_followed_is_reported(self, parts: Components) -> None:
        trainings = FakeTrainings(parts, 0.2, 0.2).service()
        challenger, control = str(await trainings.train()), str(await trainings.train())
        experiment = await parts.registry.start_experiment(challenger, 0.5)
        await parts.recommendations.refresh()
        seen = {user: await answer_for(parts, user) for user in range(1, 41)}
        assert {version for version, _ in seen.values()} == {challenger, control}
        assert all(version == experiment.version_for(user) for user, (version, _) in seen.items())
        await parts.recommendations.close()
        for user, (version, movies) in seen.items():
            if version == challenger:
                await parts.ratings.send_rating(Rating(user, movies[0], 5))
        report = await parts.experiment_reporter.report(experiment)
        assert report.control.version == control
        assert report.control.users + report.challenger.users == 40
        assert (report.control.followed, report.control.mean_stars) == (0, None)
        assert report.challenger.followed == report.challenger.users
        assert report.interval[0] > 0, "the challenger is surely better"

        assert await parts.registry.stop_experiment() == experiment.name
        await parts.recommendations.refresh()
        assert {(await answer_for(parts, user))[0] for user in seen} == {control}
        assert await parts.registry.experiment(experiment.name) == experiment

    async def test_a_rating_is_folded_into_the_list_that_the_user_gets(
        self, parts: Components
    ) -> None:
        trainings = FakeTrainings(parts, 0.2, 0.2).service()
        challenger, _ = str(await trainings.train()), await trainings.train()
        experiment = await parts.registry.start_experiment(challenger, 0.5)
        await parts.recommendations.refresh()
        for user in range(1, 11):
            await parts.ratings.send_rating(Rating(user, 30, 5))
        await take_ratings(parts)
        for user in range(1, 11):
            version, movies = await answer_for(parts, user)
            assert version == experiment.version_for(user)
            assert len(movies) == 10
            assert 30 not in movies

    async def test_trainings_are_not_served_meanwhile(self, parts: Components) -> None:
        trainings = FakeTrainings(parts, 0.2, 0.2, 0.3).service()
        challenger, control = str(await trainings.train()), str(await trainings.train())
        await parts.registry.start_experiment(challenger, 0.5)
        await trainings.train()
        assert await parts.models.active_version() == control

    async def test_what_cannot_be_compared_is_refused(self, parts: Components) -> None:
        trainings = FakeTrainings(parts, 0.2, 0.2).service()
        first, second = str(await trainings.train()), str(await trainings.train())
        with pytest.raises(RecsysError, match="another one beside it"):
            await parts.registry.start_experiment(second, 0.5)
        with pytest.raises(RecsysError, match="no version v98"):
            await parts.registry.start_experiment("v98", 0.5)
        with pytest.raises(RecsysError, match="No experiment runs"):
            await parts.registry.stop_experiment()
        await parts.registry.start_experiment(first, 0.5)
        with pytest.raises(RecsysError, match="stop it first"):
            await parts.registry.start_experiment(first, 0.5)
