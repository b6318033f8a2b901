"""What /metrics says, and that the dashboard and the alerts ask for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from recsys_app.metrics import Metrics
from recsys_app.stores.kafka_lag import GroupPosition
from web.answering import answering
from web.metrics import routes

DEPLOY = Path(__file__).parents[2] / "deploy"
WORDS = "sum max rate increase deriv time by and or le status route topic partition measure step"
FUNCTIONS = {"histogram_quantile", "outcome", "instance", *WORDS.split()}


@pytest.fixture
def metrics() -> Metrics:
    """Every metric, each with a value."""
    metrics = Metrics(CollectorRegistry())
    metrics.on_request("GET", "/recommendations/{user_id}", 200, 0.002)
    metrics.on_limited("key")
    metrics.on_accepted(3)
    metrics.on_archived(2, 0.02)
    metrics.on_renamed(0.01)
    metrics.on_dead_lettered("ratings", 1)
    metrics.on_lag([GroupPosition("ratings", 0, 40, 45)], 1.5)
    metrics.on_backlog(2.5, 4.0)
    metrics.on_trained({"read": 2.0})
    metrics.on_training_failed()
    metrics.on_model({"ndcg@10": 0.25}, 1_700_000_000)
    metrics.on_rejected_model("v7", "its ndcg@10 is 0.100, the active one's 0.200")
    metrics.on_visible(0.3)
    return metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = metrics.exposition("")[0].decode()
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_event_is_counted(metrics: Metrics) -> None:
    found = samples(metrics)
    assert found["recsys_ratings_accepted_total", ()] == 3
    assert found["recsys_ratings_archived_total", ()] == 2
    assert found["recsys_messages_dead_lettered_total", (("topic", "ratings"),)] == 1
    lag = (("partition", "0"), ("topic", "ratings"))
    assert found["recsys_consumer_lag_messages", lag] == 5
    assert found["recsys_oldest_unarchived_rating_age_seconds", ()] == 1.5
    assert found["recsys_last_commit_age_seconds", ()] == 4
    assert found["recsys_archive_progress_age_seconds", ()] == 2.5
    assert found["recsys_archive_flush_duration_seconds_count", ()] == 1
    assert found["recsys_archive_rename_duration_seconds_sum", ()] == 0.01
    assert found["recsys_training_step_duration_seconds_sum", (("step", "read"),)] == 2
    assert found["recsys_trainings_total", (("outcome", "failed"),)] == 1
    assert found["recsys_model_quality", (("measure", "ndcg@10"),)] == 0.25
    assert found["recsys_rating_visible_duration_seconds_count", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 1e6


def test_a_rejected_model_says_why_until_a_better_one_comes(metrics: Metrics) -> None:
    labels = (("cause", "its ndcg@10 is 0.100, the active one's 0.200"), ("version", "v7"))
    assert samples(metrics)["recsys_model_rejected_info", labels] == 1
    metrics.on_rejected_model(None, "")
    assert not [name for name, _ in samples(metrics) if name == "recsys_model_rejected_info"]


def test_another_model_leaves_no_measure_of_the_earlier_one(metrics: Metrics) -> None:
    metrics.on_model({"recall@10": 0.1}, 1_700_000_100)
    measures = [labels for name, labels in samples(metrics) if name == "recsys_model_quality"]
    assert measures == [(("measure", "recall@10"),)]


async def test_requests_are_counted_by_template_and_strangers_invent_no_labels() -> None:
    metrics = Metrics(CollectorRegistry())

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application(middlewares=[answering(observer=metrics)])
    application.router.add_routes([web.get("/recommendations/{user_id}", answer)])
    application.router.add_routes(routes(metrics))
    async with TestClient(TestServer(application)) as client:
        for path in ("/recommendations/17", "/recommendations/18", "/nobody/19", "/else/20"):
            await client.get(path)
        await client.request("PROPFIND", "/coffee/21")
        text = await (await client.get("/metrics")).text()
    list(text_string_to_metric_families(text))  # Prometheus's own parser takes it
    found = samples(metrics)
    known = (("method", "GET"), ("route", "/recommendations/{user_id}"), ("status", "200"))
    assert found["recsys_http_requests_total", known] == 2
    unknown = (("method", "GET"), ("route", "unmatched"), ("status", "404"))
    assert found["recsys_http_requests_total", unknown] == 2
    odd = (("method", "other"), ("route", "unmatched"), ("status", "404"))
    assert found["recsys_http_requests_total", odd] == 1
    values = {value for _, labels in found for name, value in labels if name != "le"}
    assert not {"17", "18", "19", "20", "21"} & values


def dashboard_queries() -> Iterator[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "recsys.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def alert_queries() -> Iterator[str]:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def names_in(query: str) -> set[str]:
    """Every identifier of the query that is neither a function nor a label."""
    without_matchers = re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)?\}|\[\w+\]", "", query)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", without_matchers)) - FUNCTIONS - {"e9"}


@pytest.mark.parametrize("query", [*dashboard_queries(), *alert_queries()])
def test_queries_name_only_metrics_that_exist(query: str, metrics: Metrics) -> None:
    known = {name for name, _ in samples(metrics)}
    asked = names_in(query)
    assert asked
    assert asked <= known


def test_the_operations_guide_has_a_row_for_each_alert() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    guide = (DEPLOY.parent / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^\| `(Recsys\w+)` \|", guide, re.MULTILINE)) == alerts
