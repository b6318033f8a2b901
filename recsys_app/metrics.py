"""What operators see: the metrics of one process, as Prometheus reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from recsys_app.request_metrics import RequestMetrics
from recsys_app.stores.kafka_lag import GroupPosition

_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_HDFS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_STEP_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
_VISIBLE_BUCKETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """Every metric of one process, in a registry of its own.

    Labels have few values, and never a user's id: routes are templates, and methods nobody knows
    are one.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        ProcessCollector(registry=registry)
        self._requests = RequestMetrics(buckets=_REQUEST_BUCKETS)
        registry.register(self._requests)
        self._accepted = Counter(
            "recsys_ratings_accepted_total",
            "Ratings that all in-sync replicas of Kafka have confirmed.",
            registry=registry,
        )
        self._archived = Counter(
            "recsys_ratings_archived_total",
            "Messages of the topic of ratings that are durable in HDFS.",
            registry=registry,
        )
        self._dead_lettered = Counter(
            "recsys_messages_dead_lettered_total",
            "Messages that could not be processed, by the topic they came from.",
            ("topic",),
            registry=registry,
        )
        self._lag = Gauge(
            "recsys_consumer_lag_messages",
            "Messages that the service has not acknowledged yet.",
            ("topic", "partition"),
            registry=registry,
        )
        self._unarchived_age = Gauge(
            "recsys_oldest_unarchived_rating_age_seconds",
            "Since Kafka took the oldest rating that is not acknowledged; 0 if all are.",
            registry=registry,
        )
        self._commit_age = Gauge(
            "recsys_last_commit_age_seconds",
            "Since this process last committed ratings that it archived; NaN if it never has.",
            registry=registry,
        )
        self._commit_age.set(math.nan)
        self._progress_age = Gauge(
            "recsys_archive_progress_age_seconds",
            "Since ratings that wait were last committed by anybody; 0 if none wait.",
            registry=registry,
        )
        self._flush_seconds = Histogram(
            "recsys_archive_flush_duration_seconds",
            "Making one batch of ratings durable in HDFS.",
            buckets=_HDFS_BUCKETS,
            registry=registry,
        )
        self._rename_seconds = Histogram(
            "recsys_archive_rename_duration_seconds",
            "The rename in HDFS that makes a batch part of the archive.",
            buckets=_HDFS_BUCKETS,
            registry=registry,
        )
        self._step_seconds = Histogram(
            "recsys_training_step_duration_seconds",
            "One step of a training.",
            ("step",),
            buckets=_STEP_BUCKETS,
            registry=registry,
        )
        self._trainings = Counter(
            "recsys_trainings_total", "Ended trainings.", ("outcome",), registry=registry
        )
        self._quality = Gauge(
            "recsys_model_quality",
            "Measures of the active model on ratings it has not seen.",
            ("measure",),
            registry=registry,
        )
        self._rejected = Gauge(
            "recsys_model_rejected_info",
            "1 while the newest model is not served because it is worse, with the cause.",
            ("version", "cause"),
            registry=registry,
        )
        self._activated = Gauge(
            "recsys_model_trained_timestamp_seconds",
            "When the training of the active model began; 0 before the first.",
            registry=registry,
        )
        self._visible_seconds = Histogram(
            "recsys_rating_visible_duration_seconds",
            "From Kafka's taking a rating to recommendations that follow it.",
            buckets=_VISIBLE_BUCKETS,
            registry=registry,
        )
        self._limited = Counter(
            "recsys_requests_limited_total",
            "Requests refused for coming too fast, by what was counted.",
            ("by",),
            registry=registry,
        )

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics as text, and its content type: the format that `accept` asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def on_request(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.add(method, route, status, seconds)

    def on_limited(self, by: str) -> None:
        self._limited.labels(by).inc()

    def on_accepted(self, ratings: int) -> None:
        self._accepted.inc(ratings)

    def on_archived(self, rows: int, seconds: float) -> None:
        self._archived.inc(rows)
        self._flush_seconds.observe(seconds)

    def on_renamed(self, seconds: float) -> None:
        self._rename_seconds.observe(seconds)

    def on_dead_lettered(self, topic: str, messages: int) -> None:
        self._dead_lettered.labels(topic).inc(messages)

    def on_lag(self, positions: Sequence[GroupPosition], oldest_unarchived_seconds: float) -> None:
        for position in positions:
            lag = self._lag.labels(position.topic, position.partition)
            lag.set(position.end - position.committed)
        self._unarchived_age.set(oldest_unarchived_seconds)

    def on_backlog(self, progress_seconds: float, commit_seconds: float | None) -> None:
        self._progress_age.set(progress_seconds)
        self._commit_age.set(math.nan if commit_seconds is None else commit_seconds)

    def on_trained(self, steps: Mapping[str, float]) -> None:
        self._trainings.labels("succeeded").inc()
        for step, seconds in steps.items():
            self._step_seconds.labels(step).observe(seconds)

    def on_training_rejected(self) -> None:
        self._trainings.labels("rejected").inc()

    def on_training_failed(self) -> None:
        self._trainings.labels("failed").inc()

    def on_model(self, quality: Mapping[str, float], trained_at: float) -> None:
        """Takes the measures of the version that is served in place of the earlier one's."""
        self._quality.clear()
        for measure, value in quality.items():
            self._quality.labels(measure).set(value)
        self._activated.set(trained_at)

    def on_rejected_model(self, version: str | None, cause: str) -> None:
        """Takes the newest model if it is kept from being served; None if it is not."""
        self._rejected.clear()
        if version is not None:
            self._rejected.labels(version, cause).set(1)

    def on_visible(self, seconds: float) -> None:
        self._visible_seconds.observe(seconds)
