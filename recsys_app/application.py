"""The only wiring: settings, stores, services, and the agents, views and timers on top."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import aiohttp.web
import faust
import stamina
from aiohttp.typedefs import Middleware
from aiohttp_cors import ResourceOptions
from faust.types.auth import CredentialsT
from faust.web.drivers.aiohttp import Web
from mode import Service
from prometheus_client import CollectorRegistry

import agents.archive_ratings
import agents.cache_recommendations
import agents.fold_in
import agents.loop_watch
import agents.training
import agents.watch
import agents.worker
import web.erasures
import web.health
import web.metrics
import web.movies
import web.pages
import web.pipeline
import web.ratings
import web.recommendations
import web.users
from agents.batches import Trace
from agents.commit_monitor import CommitMonitor
from agents.whole_batches import Batches, batch_options, take_whole_batches
from jobs.process import train, tune
from jobs.spec import Given, TrainingSpec, checked_parameters
from recsys_app import __version__
from recsys_app.certificates import pem_file
from recsys_app.errors import RecsysError, Unavailable
from recsys_app.failpoints import Reach, failpoints
from recsys_app.kafka_security import KafkaSecurity
from recsys_app.logs import logging_config
from recsys_app.metrics import Metrics
from recsys_app.models import sequence_number
from recsys_app.services.archive_eraser import ArchiveEraser
from recsys_app.services.archive_snapshots import ArchiveSnapshots, ReadingPlan
from recsys_app.services.change_watch import ChangeWatch
from recsys_app.services.csv_writer import CSVWriter
from recsys_app.services.dead_letter_eraser import DeadLetterEraser
from recsys_app.services.dead_letter_office import DeadLetterOffice
from recsys_app.services.dead_letters import DeadLetters, MessageSender
from recsys_app.services.discovery_service import DiscoveryService
from recsys_app.services.docker_service import DockerService
from recsys_app.services.document_copies import DocumentCopies
from recsys_app.services.erasure_service import ErasureService
from recsys_app.services.experiment_report import ExperimentReporter
from recsys_app.services.fold_in_service import FoldInService
from recsys_app.services.health_service import HealthService
from recsys_app.services.hidden_movies import HiddenMovies
from recsys_app.services.idempotent_answers import IdempotentAnswers
from recsys_app.services.judging_service import JudgingService
from recsys_app.services.list_lookup import ListLookup
from recsys_app.services.loading_service import LoadingService
from recsys_app.services.model_registry import ModelRegistry
from recsys_app.services.model_version import NO_MODEL, slot_of
from recsys_app.services.movie_service import MovieService
from recsys_app.services.observation import ObservationService, ObservedJobs, ObservedMessages
from recsys_app.services.pipeline_service import PipelineService
from recsys_app.services.rate_limiter import RateLimiter
from recsys_app.services.rating_service import RatingService
from recsys_app.services.rebuild_service import RebuildService
from recsys_app.services.recommendation_consumer_service import RecommendationConsumerService
from recsys_app.services.recommendation_service import RecommendationService
from recsys_app.services.served_models import ServedModels
from recsys_app.services.serving_model import ModelLoader
from recsys_app.services.snapshot_eraser import SnapshotEraser
from recsys_app.services.training_pool import TrainingPool
from recsys_app.services.training_service import TrainingService
from recsys_app.services.tuning_service import TuningService
from recsys_app.services.watchdog import Watchdog
from recsys_app.settings import Settings
from recsys_app.stores.hdfs import HdfsFileStore
from recsys_app.stores.kafka import KafkaMessageStore, KafkaTopicStore, TopicSpec
from recsys_app.stores.kafka_group import KafkaGroupReader
from recsys_app.stores.kafka_lag import KafkaGroupStore
from recsys_app.stores.mongo import (
    MongoConnection,
    MongoDatasetStore,
    MongoLeaseStore,
    MongoModelStore,
    MongoMovieStore,
)
from recsys_app.stores.mongo_documents import MongoDocumentStore
from recsys_app.stores.mongo_erasure import MongoErasureStore, MongoUserStore
from recsys_app.stores.mongo_hidden import MongoHiddenMovieStore
from recsys_app.stores.mongo_tuning import MongoTuningStore
from recsys_app.stores.redis import RedisRecommendationStore
from recsys_app.stores.redis_answers import RedisAnswerStore
from recsys_app.stores.redis_counters import RedisCounterStore
from recsys_app.stores.redis_ratings import RedisRatingStore
from recsys_app.stores.redis_users import RedisUserStore
from recsys_app.stores.redis_watch import RedisWatchStore
from recsys_app.tracing import Tracing, open_tracing
from web.access import Judge, walls
from web.answering import answering
from web.fast_path import FastPath, FastRunner
from web.security_headers import add_security_headers

log = logging.getLogger(__name__)


class TopicNames(NamedTuple):
    """What the topics of one installation are called."""

    ratings: str
    recommendations: str
    training_requests: str
    ratings_dead_letter: str
    recommendations_dead_letter: str
    shown: str


class Components:
    """Every store and service of one process, each made when it is first asked for.

    The command line uses single ones of them; the worker uses all that its roles need.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def names(self) -> TopicNames:
        prefix = self.settings.topic_prefix
        return TopicNames(*(prefix + field.replace("_", "-") for field in TopicNames._fields))

    # Stores

    @cached_property
    def files(self) -> HdfsFileStore:
        s = self.settings
        return HdfsFileStore(
            s.hdfs,
            user=s.hdfs_user,
            timeout_seconds=s.hdfs_timeout_seconds,
            rpc_url=s.hdfs_rpc_url,
            token=s.hdfs_token.get_secret_value() if s.hdfs_token else None,
            kerberos=s.hdfs_kerberos,
            ca=pem_file(s.hdfs_ca, s.certificates) if s.hdfs_ca else None,
        )

    @cached_property
    def topics(self) -> KafkaTopicStore:
        return KafkaTopicStore(self.settings.kafka, security=self.settings.kafka_security)

    @cached_property
    def messages(self) -> KafkaMessageStore:
        return KafkaMessageStore(
            self.settings.kafka,
            security=self.settings.kafka_security,
            outgoing=self.tracing.outgoing if self.tracing else None,
        )

    @cached_property
    def cache(self) -> RedisRecommendationStore:
        s = self.settings
        return RedisRecommendationStore(
            s.redis, ttl_seconds=s.recommendations_ttl_seconds, prefix=s.redis_prefix
        )

    @cached_property
    def user_ratings(self) -> RedisRatingStore:
        return RedisRatingStore(self.settings.redis, prefix=self.settings.redis_prefix)

    @cached_property
    def mongo(self) -> MongoConnection:
        return MongoConnection(self.settings.mongodb, self.settings.mongodb_database)

    @cached_property
    def movie_store(self) -> MongoMovieStore:
        return MongoMovieStore(self.mongo)

    @cached_property
    def models(self) -> MongoModelStore:
        return MongoModelStore(self.mongo)

    @cached_property
    def datasets(self) -> MongoDatasetStore:
        return MongoDatasetStore(self.mongo)

    @cached_property
    def redis_users(self) -> RedisUserStore:
        return RedisUserStore(self.settings.redis, prefix=self.settings.redis_prefix)

    @cached_property
    def group(self) -> KafkaGroupStore:
        return KafkaGroupStore(
            self.settings.kafka,
            group=self.settings.app_id,
            security=self.settings.kafka_security,
        )

    # Services

    @cached_property
    def writer(self) -> CSVWriter:
        return CSVWriter(
            self.files,
            root=self.settings.archive_root,
            observer=self.metrics,
            reach=self.reach,
        )

    @cached_property
    def snapshots(self) -> ArchiveSnapshots:
        s = self.settings
        return ArchiveSnapshots(
            files=self.files,
            index=self.writer,
            root=s.archive_root,
            after_files=s.snapshot_after_files,
            keep_days=s.archive_keep_days,
        )

    @cached_property
    def movies(self) -> MovieService:
        return MovieService(self.movie_store)

    @cached_property
    def ratings(self) -> RatingService:
        return RatingService(
            messages=self.sender,
            kafka_log=self.topics,
            writer=self.writer,
            topic=self.names.ratings,
            dead_letters=self._dead_letters(self.names.ratings, self.names.ratings_dead_letter),
            send_timeout_seconds=self.settings.send_timeout_seconds,
            max_in_flight=self.settings.max_ratings_in_flight,
            answers=self.idempotent_answers,
            reach=self.reach,
        )

    @cached_property
    def consumer(self) -> RecommendationConsumerService:
        return RecommendationConsumerService(
            cache=self.cache,
            dead_letters=self._dead_letters(
                self.names.recommendations, self.names.recommendations_dead_letter
            ),
            on_visible=self.metrics.on_visible,
        )

    @cached_property
    def pool(self) -> TrainingPool:
        return TrainingPool()

    @cached_property
    def model_parameters(self) -> Given:
        """The settings of the model that are given.

        Raises:
            ConfigurationError: there is no such setting, or it cannot have this value.
        """
        s = self.settings
        diversity = {"diversity": s.diversity} if s.diversity else {}
        return checked_parameters({**diversity, **s.train_parameters})

    @cached_property
    def training(self) -> TrainingService:
        return TrainingService(
            models=self.models,
            leases=MongoLeaseStore(self.mongo),
            archive=self.snapshots,
            pool=ObservedJobs(self.pool, observer=self.metrics),
            job=train,
            new_spec=self._training_spec,
            holder=f"{socket.gethostname()}:{os.getpid()}",
            margin=self.settings.train_margin,
            on_rejected=self.metrics.on_training_rejected,
        )

    @cached_property
    def judging(self) -> JudgingService:
        return JudgingService(
            pool=self.pool,
            leases=MongoLeaseStore(self.mongo),
            holder=f"{socket.gethostname()}:{os.getpid()}:judging",
            scratch=self._spark_scratch,
            archive_spec=self._reading_spec,
            local_spec=self._local_spec,
        )

    @cached_property
    def tuning(self) -> TuningService:
        return TuningService(
            store=MongoTuningStore(self.mongo),
            judging=self.judging,
            job=tune,
            fixed=lambda: self.model_parameters,
        )

    @cached_property
    def served(self) -> ServedModels:
        s = self.settings
        loader = ModelLoader(self.files, root=s.models_root, top_n=s.train_top_n)
        return ServedModels(models=self.models, loader=loader, movies=self.movies)

    @cached_property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(self.models)

    @cached_property
    def experiment_reporter(self) -> ExperimentReporter:
        return ExperimentReporter(
            self.topics, shown_topic=self.names.shown, ratings_topic=self.names.ratings
        )

    @cached_property
    def lists(self) -> ListLookup:
        return ListLookup(
            cache=self.cache,
            ratings=self.user_ratings,
            lists=self.models,
            messages=self.messages,
            topic=self.names.recommendations,
        )

    @cached_property
    def recommendations(self) -> RecommendationService:
        return RecommendationService(
            models=self.served,
            lists=self.lists,
            ratings=self.user_ratings,
            movies=self.movies,
            writer=self.writer,
            snapshots=self.snapshots,
            training=self.training,
            messages=self.messages,
            shown_topic=self.names.shown,
        )

    @cached_property
    def erasures(self) -> ErasureService:
        # A writer of its own: it forgets positions, which the archive's agent relies on.
        index = CSVWriter(self.files, root=self.settings.archive_root)
        names = self.names

        async def archived() -> dict[int, int]:
            index.forget()
            partitions = await self.topics.partitions(names.ratings)
            return {partition: await index.next_offset(partition) for partition in partitions}

        async def folded_in() -> dict[int, int]:
            beginning = sequence_number(await index.current_epoch() or 0, 0)
            partitions = await self.topics.partitions(names.ratings)
            positions = await self.user_ratings.positions(partitions)
            return {
                partition: (position or 0) - beginning
                for partition, position in zip(partitions, positions, strict=True)
            }

        async def cached() -> dict[int, int]:
            positions = await self.group.positions([names.recommendations])
            return {position.partition: position.committed for position in positions}

        return ErasureService(
            receipts=MongoErasureStore(self.mongo),
            stores=(self.redis_users, MongoUserStore(self.mongo), self.document_copies),
            kafka_log=self.topics,
            messages=self.messages,
            archive=ArchiveEraser(
                files=self.files,
                index=index,
                root=self.settings.archive_root,
                snapshots=SnapshotEraser(
                    files=self.files, snapshots=self.snapshots, root=self.settings.archive_root
                ),
            ),
            letters=DeadLetterEraser(log=self.topics, messages=self.messages),
            models=self.models,
            leases=MongoLeaseStore(self.mongo),
            holder=f"{socket.gethostname()}:{os.getpid()}:erasure",
            ratings=names.ratings,
            recommendations=names.recommendations,
            training_requests=names.training_requests,
            dead_letters=(names.ratings_dead_letter, names.recommendations_dead_letter),
            taken_in=(archived, folded_in),
            cached=cached,
        )

    @cached_property
    def fold_in(self) -> FoldInService:
        return FoldInService(
            ratings=self.user_ratings,
            archive=self.writer,
            expired=self.snapshots.expired_rows,
            messages=self.messages,
            topic=self.names.recommendations,
            models=lambda: self.served.loaded,
        )

    @cached_property
    def loading(self) -> LoadingService:
        return LoadingService(
            movies=self.movie_store,
            datasets=self.datasets,
            ratings=self.ratings,
            kafka_log=self.topics,
            writer=self.writer,
            topic=self.names.ratings,
        )

    @cached_property
    def document_copies(self) -> DocumentCopies:
        return DocumentCopies(
            documents=MongoDocumentStore(self.mongo),
            files=self.files,
            leases=MongoLeaseStore(self.mongo),
            holder=f"{socket.gethostname()}:{os.getpid()}",
            root=self.settings.archive_root,
        )

    @cached_property
    def rebuilding(self) -> RebuildService:
        return RebuildService(
            writer=self.writer,
            documents=self.document_copies,
            folders=self.files,
            models_root=self.settings.models_root,
            models=self.models,
            topics=self.topics,
            topic=self.names.ratings,
            new_partitions=self.settings.topic_partitions,
            ratings=self.ratings,
            fold_in=self.fold_in,
            prepare=self.prepare,
        )

    @cached_property
    def docker(self) -> DockerService:
        return DockerService(topics=self.topics, url=self.settings.docker_url)

    @cached_property
    def health(self) -> HealthService:
        dependencies: dict[str, Callable[[], Awaitable[object]]] = {
            "kafka": self._kafka_is_ready,
            "redis": self.cache.ping,
            "mongodb": self.mongo.ping,
        }
        if "agents" in self.settings.roles:
            dependencies["hdfs"] = lambda: self.files.status("/")
        return HealthService(dependencies=dependencies, details=self._health_details)

    # What the page and the programs ask for beside

    @cached_property
    def redis_watch(self) -> RedisWatchStore:
        return RedisWatchStore(self.settings.redis, prefix=self.settings.redis_prefix)

    @cached_property
    def watch(self) -> ChangeWatch:
        return ChangeWatch(self.redis_watch, slot=self._served_slot)

    @cached_property
    def hidden(self) -> HiddenMovies:
        return HiddenMovies(MongoHiddenMovieStore(self.mongo))

    @cached_property
    def discovery(self) -> DiscoveryService:
        return DiscoveryService(
            served=lambda: self.recommendations.served,
            ratings=self.user_ratings,
            movies=self.movies,
        )

    @cached_property
    def pipeline(self) -> PipelineService:
        s = self.settings
        return PipelineService(
            group=self.group,
            topic=self.names.ratings,
            files=self.files,
            archive_root=s.archive_root,
            cache=self.redis_watch,
            models=self.models,
            model_version=lambda: self.recommendations.model_version,
            movies=lambda: len(self.movies.movies),
        )

    def _served_slot(self) -> int:
        version = self.recommendations.model_version
        return 0 if version == NO_MODEL else slot_of(version)

    # Observation

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(CollectorRegistry())

    @cached_property
    def tracing(self) -> Tracing | None:
        return open_tracing(self.settings.app_id) if self.settings.tracing else None

    @cached_property
    def sender(self) -> MessageSender:
        return ObservedMessages(
            self.messages,
            ratings=self.names.ratings,
            dead_letters={
                self.names.ratings: self.names.ratings_dead_letter,
                self.names.recommendations: self.names.recommendations_dead_letter,
            },
            observer=self.metrics,
        )

    @cached_property
    def counters(self) -> RedisCounterStore:
        return RedisCounterStore(self.settings.redis, prefix=self.settings.redis_prefix)

    @cached_property
    def limiter(self) -> RateLimiter:
        return RateLimiter(self.counters)

    @cached_property
    def judge(self) -> Judge:
        s = self.settings
        return walls(
            keys=s.keys,
            limiter=self.limiter,
            observer=self.metrics,
            per_second_by_key=s.requests_per_second_by_key,
            per_second_by_address=s.address_limit,
            trusted_proxies=s.trusted_proxies,
        )

    @cached_property
    def observation(self) -> ObservationService:
        return ObservationService(
            group=self.group,
            models=self.models,
            observer=self.metrics,
            ratings=self.names.ratings,
            topics=(self.names.ratings, self.names.recommendations, self.names.training_requests),
        )

    # Faults

    @cached_property
    def dead_letter_office(self) -> DeadLetterOffice:
        return DeadLetterOffice(
            messages=self.messages,
            kafka_log=self.topics,
            topics=(self.names.ratings_dead_letter, self.names.recommendations_dead_letter),
        )

    @cached_property
    def answers(self) -> RedisAnswerStore:
        return RedisAnswerStore(self.settings.redis, prefix=f"{self.settings.app_id}:answer:")

    @cached_property
    def idempotent_answers(self) -> IdempotentAnswers:
        seconds = 2 * self.settings.send_timeout_seconds
        return IdempotentAnswers(store=self.answers, reserve_seconds=seconds)

    @cached_property
    def reach(self) -> Reach:
        return failpoints(self.settings.failpoints)

    @cached_property
    def monitor(self) -> CommitMonitor:
        return CommitMonitor(reach=self.reach)

    @cached_property
    def watchdog(self) -> Watchdog:
        return Watchdog(
            group=self.group,
            topic=self.names.ratings,
            stalled_seconds=self.settings.stalled_seconds,
            last_attempt=lambda: self.ratings.last_attempt,
            last_commit=lambda: self.monitor.last_commit(self.names.ratings),
            observer=self.metrics,
        )

    # Lifecycle

    def topic_specs(self) -> list[TopicSpec]:
        partitions, replication = self.settings.topic_partitions, self.settings.topic_replication
        # The broker's clock counts: it refuses messages from an hour ahead of its own.
        time = ("message.timestamp.type", "LogAppendTime")
        keep = (time, ("retention.ms", str(30 * 24 * 3600 * 1000)))
        # A letter about the longest message that Kafka takes is longer than that.
        dead_letters = (*keep, ("max.message.bytes", str(4 * 2**20)))
        return [
            TopicSpec(self.names.ratings, partitions, replication, keep),
            TopicSpec(
                self.names.recommendations,
                partitions,
                replication,
                (time, *_COMPACTED),
            ),
            TopicSpec(self.names.training_requests, 1, replication, (time,)),
            TopicSpec(self.names.ratings_dead_letter, 1, replication, dead_letters),
            TopicSpec(self.names.recommendations_dead_letter, 1, replication, dead_letters),
            TopicSpec(self.names.shown, partitions, replication, keep),
            # Faust elects its leader, which runs the timer, through this one.
            TopicSpec(f"{self.settings.app_id}-__assignor-__leader", 1, replication),
        ]

    async def prepare(self) -> None:
        """Makes what the stores need to have: topics, directories, indexes."""
        await self.topics.create_topics(self.topic_specs())
        await self.writer.create_directories()
        await self.models.create_indexes()

    async def close(self) -> None:
        """Closes what was opened, the training first."""
        opened = vars(self)
        opened_in_turn = (
            "watch",
            "redis_watch",
            "pool",
            "recommendations",
            "messages",
            "cache",
            "answers",
            "user_ratings",
            "counters",
            "redis_users",
        )
        for name in (*opened_in_turn, "files"):
            if name in opened:
                await opened[name].close()
        if "mongo" in opened:
            self.mongo.close()
        if opened.get("tracing"):
            await asyncio.to_thread(opened["tracing"].close)

    def _dead_letters(self, source: str, topic: str) -> DeadLetters:
        return DeadLetters(messages=self.sender, source=source, topic=topic)

    @property
    def _spark_scratch(self) -> Path:
        return (self.settings.home / "spark").absolute()

    async def _reading_spec(self) -> TrainingSpec:
        """What a training would read now, without leaving a snapshot."""
        plan = await self.snapshots.plan()
        return await self._training_spec("evaluation", plan._replace(new_snapshot=None))

    def _local_spec(self) -> TrainingSpec:
        """A spec that names no server: Spark on this machine, and files on its disk."""
        return TrainingSpec(
            version="evaluation",
            files=(),
            hdfs_rpc_url="file:///",
            mongodb_uri="",
            mongodb_database="",
            kafka=(),
            recommendations_topic="",
            scratch=str(self._spark_scratch),
            driver_memory=self.settings.spark_driver_memory,
            parameters=self.model_parameters,
        )

    async def _training_spec(self, version: str, plan: ReadingPlan) -> TrainingSpec:
        s = self.settings
        return TrainingSpec(
            version=version,
            files=plan.files,
            input_bytes=plan.input_bytes,
            snapshot=plan.snapshot,
            new_snapshot=plan.new_snapshot,
            hdfs_rpc_url=await self.files.rpc_url(),
            mongodb_uri=s.mongodb,
            mongodb_database=self.mongo.database.name,
            kafka=s.kafka,
            kafka_security=s.kafka_security,
            recommendations_topic=self.names.recommendations,
            scratch=str(self._spark_scratch),
            spark_master=s.spark_master,
            driver_memory=s.spark_driver_memory,
            spark_archives=s.spark_archives,
            spark_conf=s.spark_conf,
            models_root=s.models_root,
            top_n=s.train_top_n,
            allow_bad_rows=s.train_allow_bad_rows,
            parameters=await self.tuning.settings(),
        )

    async def _kafka_is_ready(self) -> None:
        self.messages.check_started()  # a web process answers reads before it has Kafka
        await self.topics.partitions(self.names.ratings)

    async def _health_details(self) -> dict[str, Any]:
        return {
            "archive": self.watchdog.details(),
            "model": self.recommendations.model_version,
            "training": await self.training.last_run(),
        }


_ERASURE_SECONDS = 2.0
_COMPACTED = (
    ("cleanup.policy", "compact"),
    # A tombstone takes effect within a day, and is gone an hour after it.
    ("segment.ms", str(3600 * 1000)),
    ("max.compaction.lag.ms", str(24 * 3600 * 1000)),
    ("delete.retention.ms", str(3600 * 1000)),
)


class Lifecycle(Service):
    """Starts before the agents and stops after them."""

    def __init__(self, components: Components, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._components = components

    async def on_start(self) -> None:
        parts = self._components
        if parts.settings.docker_check:
            report = await parts.docker.check_containers()
            self.log.info("%s", report)
        if parts.settings.roles == {"web"}:
            self.add_future(self._connect())  # reads are answered without Kafka
        else:
            await self._connect()

    async def _connect(self) -> None:
        parts = self._components
        await _when_available(lambda: parts.topics.create_topics(parts.topic_specs()))
        await _when_available(parts.messages.start)

    async def on_started(self) -> None:
        # What lives as long as the process is not looked through again and again: that was a
        # third of the archive's CPU time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    async def on_stop(self) -> None:
        await self._components.close()

    @Service.task
    async def _prepare(self) -> None:
        await _when_available(self._components.prepare)

    @Service.task
    async def _refresh(self) -> None:
        parts = self._components
        while not self.should_stop and parts.settings.roles & {"web", "agents"}:
            try:
                await parts.recommendations.refresh()
                parts.movies.index.order_by_popularity(
                    parts.recommendations.served.popular.movie_ids
                )
                await parts.hidden.refresh()
            except RecsysError as error:
                self.log.warning("the served model stays as it is: %s", error)
            await self.sleep(parts.settings.refresh_seconds)

    @Service.task
    async def _share_limits(self) -> None:
        while not self.should_stop:
            await self._components.limiter.exchange()
            await self.sleep(0.2)

    @Service.task
    async def _erase(self) -> None:
        parts = self._components
        while not self.should_stop and "agents" in parts.settings.roles:
            try:
                await parts.erasures.proceed()
            except RecsysError as error:
                self.log.warning("erasures go on later: %s", error)
            await self.sleep(_ERASURE_SECONDS)

    @Service.task
    async def _save(self) -> None:
        parts = self._components
        while not self.should_stop and "agents" in parts.settings.roles:
            await self.sleep(parts.settings.save_seconds)
            try:
                await parts.document_copies.save()
            except RecsysError as error:
                self.log.warning("MongoDB's documents are saved later: %s", error)

    @Service.task
    async def _observe(self) -> None:
        parts = self._components
        while not self.should_stop:
            try:
                await parts.observation.observe()
            except RecsysError as error:
                self.log.warning("lag and model quality stay as they were: %s", error)
            await self.sleep(parts.settings.observe_seconds)


async def _when_available(action: Callable[[], Awaitable[object]]) -> None:
    async for attempt in stamina.retry_context(
        on=Unavailable, attempts=None, timeout=None, wait_initial=0.5, wait_max=5.0
    ):
        with attempt:
            await action()


def create_app(settings: Settings) -> faust.App:
    """The Faust app that `faust -A recsys_app worker` runs."""
    parts = Components(settings)
    _ = parts.model_parameters  # what is wrong with them is told now rather than when one trains
    app = bare_app(parts)
    agents.loop_watch.register(
        app, watch=agents.loop_watch.LoopWatch(bound_seconds=max(60.0, settings.stalled_seconds))
    )
    if settings.roles == {"web"}:
        app.producer_only = True
        # What is produced goes through our own store; Faust's producer would end the process if
        # Kafka is away when it starts.
        cast(faust.app.BootStrategy, app.boot_strategy).enable_kafka_producer = False
    if "agents" in settings.roles:
        register_archive(app, parts)
        register_cache(app, parts)
        _register_fold_in(app, parts)
    if "training" in settings.roles:
        agents.training.register(
            app,
            topic=_topic(app, parts.names.training_requests),
            recommendations=parts.recommendations,
            messages=parts.messages,
            interval_seconds=settings.train_interval_seconds,
        )
    _add_routes(app, parts)
    _raise_walls(app, parts)
    return app


def bare_app(parts: Components) -> faust.App:
    """The app without agents and views."""
    settings = parts.settings
    settings.home.mkdir(parents=True, exist_ok=True)  # Faust makes the last folder only
    app = faust.App(
        settings.app_id,
        broker=[f"kafka://{server}" for server in settings.kafka],
        broker_credentials=_credentials(settings.kafka_security),
        datadir=str(settings.home / "faust"),
        web_bind=settings.bind_host,
        web_host="127.0.0.1",
        web_port=settings.port,
        web_application_options={"middlewares": [_answering(parts)], "client_max_size": 2**20},
        web_cors_options=_cors_options(settings.cors_origins),
        logging_config=logging_config(),
        web_router_enabled=settings.debug_pages,
        web_tables_enabled=settings.debug_pages,
        topic_partitions=settings.topic_partitions,
        topic_replication_factor=settings.topic_replication,
        topic_allow_declare=False,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        stream_wait_empty=False,
        Worker=agents.worker.Worker,
        **batch_options(settings.topic_partitions),
        consumer_auto_offset_reset="earliest",
        autodiscover=False,
    )
    take_whole_batches(app)
    app.monitor = parts.monitor
    app.add_dependency(Lifecycle(parts))
    return app


def register_archive(app: faust.App, parts: Components) -> None:
    settings = parts.settings
    agents.archive_ratings.register(
        app,
        topic=_topic(app, parts.names.ratings),
        ratings=parts.ratings,
        flush_rows=settings.archive_flush_rows,
        flush_seconds=settings.archive_flush_seconds,
        reach=parts.reach,
    )
    agents.watch.register(
        app,
        watchdog=parts.watchdog,
        topic=parts.names.ratings,
        interval_seconds=settings.watch_seconds,
    )


def register_cache(app: faust.App, parts: Components) -> None:
    agents.cache_recommendations.register(
        app,
        topic=_topic(app, parts.names.recommendations),
        consumer=parts.consumer,
        trace=_trace(parts, "cache-recommendations"),
    )


def _register_fold_in(app: faust.App, parts: Components) -> None:
    app.add_dependency(
        agents.fold_in.FoldInAgent(
            reader=KafkaGroupReader(
                parts.settings.kafka,
                topic=parts.names.ratings,
                group=f"{parts.settings.app_id}-fold-in",
                security=parts.settings.kafka_security,
            ),
            fold_in=parts.fold_in,
            trace=_trace(parts, "fold-in"),
        )
    )


def _trace(parts: Components, name: str) -> Trace:
    tracing = parts.tracing
    return partial(tracing.consuming, name) if tracing else lambda records: nullcontext()


def _credentials(security: KafkaSecurity) -> CredentialsT | None:
    if security.mechanism:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            ssl_context=security.context(),
            mechanism=security.mechanism,
        )
    return faust.SSLCredentials(security.context()) if security.tls else None


def _topic(app: faust.App, name: str) -> Any:
    """A topic whose messages reach the agent as bytes: Faust's decoders do not check types, and a
    message they cannot read would stop the agent."""
    return app.topic(name, schema=Batches())


def _answering(parts: Components) -> Middleware:
    return answering(
        observer=parts.metrics,
        judge=parts.judge,
        tracing=parts.tracing,
        log_every=parts.settings.access_log,
    )


def _add_routes(app: faust.App, parts: Components) -> None:
    """Puts the views onto the aiohttp application of Faust's own web server, without the wrapper
    that Faust has around each view."""
    api = web.health.routes(parts.health)
    if "web" in parts.settings.roles:
        api += [
            *web.recommendations.routes(parts.recommendations, parts.discovery, parts.hidden),
            *web.movies.routes(parts.movies, parts.discovery),
            *web.ratings.routes(parts.ratings),
            *web.users.routes(parts.movies, parts.discovery, parts.hidden, parts.watch),
            *web.pipeline.routes(parts.pipeline),
            *web.erasures.routes(parts.erasures),
        ]

    async def end_streams(_: aiohttp.web.Application) -> None:
        await parts.watch.close()  # or aiohttp would wait for their readers to go

    web_app = cast(Web, app.web).web_app
    web_app.on_shutdown.append(end_streams)
    router = web_app.router
    router.add_routes([route.to_aiohttp() for route in api])
    router.add_routes(web.metrics.routes(parts.metrics))
    if "web" in parts.settings.roles:
        router.add_routes(web.pages.routes(api, version=__version__))


def _raise_walls(app: faust.App, parts: Components) -> None:
    server = cast(Web, app.web)
    server.web_app.on_response_prepare.append(add_security_headers)
    watches_each = parts.settings.tracing or parts.settings.access_log
    if "web" in parts.settings.roles and not watches_each:
        server._runner = FastRunner(server.web_app, _fast_path(parts))
    if parts.settings.cors_origins:
        for route in list(server.web_app.router.routes()):
            if route.method in ("GET", "POST", "PUT", "DELETE"):
                server.cors.add(route)
    if not parts.settings.keys:
        log.warning(
            "no API keys are set (RECSYS_API_KEYS): listening on %s only, and open to every "
            "program on this machine",
            parts.settings.bind_host,
        )


def _fast_path(parts: Components) -> FastPath:
    return FastPath(
        shortcuts={
            "GET": web.recommendations.RecommendationShortcut(parts.recommendations, parts.hidden),
            "POST": web.ratings.RatingShortcut(parts.ratings),
        },
        judge=parts.judge,
        observer=parts.metrics,
    )


def _cors_options(origins: Sequence[str]) -> dict[str, ResourceOptions]:
    """Pages of these origins may call, with a key of their own and never with cookies."""
    allowed = ("Authorization", "Content-Type", "X-API-Key", "X-Request-ID", "Idempotency-Key")
    shown = ("X-Model-Version", "X-Recommendation-Source", "X-Request-ID", "Retry-After")
    options = ResourceOptions(  # type: ignore[no-untyped-call]  # aiohttp-cors has no types
        allow_headers=allowed, expose_headers=shown, max_age=600
    )
    return dict.fromkeys(origins, options)
