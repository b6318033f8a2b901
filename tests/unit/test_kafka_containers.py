from __future__ import annotations

import pytest

from recsys_app.services.kafka_containers import Role, image_runs, needs_zookeeper


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PATH": "/bin", "KAFKA_HEAP_OPTS": "-Xmx1g"},
        {"KAFKA_PROCESS_ROLES": "broker,controller"},
        {"KAFKA_CFG_PROCESS_ROLES": "broker"},
        {"KAFKA_NODE_ID": "1"},
        {"KAFKA_CFG_NODE_ID": "1", "KAFKA_CFG_CONTROLLER_QUORUM_VOTERS": "1@kafka:9093"},
        {"KAFKA_ENABLE_KRAFT": "yes"},
        {"KAFKA_ZOOKEEPER_CONNECT": ""},
        {"KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181", "KAFKA_PROCESS_ROLES": "broker"},
    ],
)
def test_a_kraft_broker_needs_no_zookeeper(environment: dict[str, str]) -> None:
    assert not needs_zookeeper(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {"KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181"},
        {"KAFKA_CFG_ZOOKEEPER_CONNECT": "zookeeper:2181"},
        {"KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181", "KAFKA_PROCESS_ROLES": ""},
        {"KAFKA_ENABLE_KRAFT": "no"},
        {"KAFKA_ENABLE_KRAFT": "False"},
        {
            "KAFKA_ZOOKEEPER_CONNECT": "zookeeper:2181",
            "KAFKA_PROCESS_ROLES": "broker",
            "KAFKA_ZOOKEEPER_METADATA_MIGRATION_ENABLE": "true",
        },
    ],
)
def test_a_broker_that_names_zookeeper_needs_it(environment: dict[str, str]) -> None:
    assert needs_zookeeper(environment)


@pytest.mark.parametrize(
    ("image", "role"),
    [
        ("apache/kafka:4.3.1", "kafka"),
        ("apache/kafka-native", "kafka"),
        ("confluentinc/cp-kafka:7.6.0", "kafka"),
        ("bitnami/kafka@sha256:0a1b", "kafka"),
        ("registry.example.org:5000/team/kafka:1", "kafka"),
        ("wurstmeister/kafka", "kafka"),
        ("zookeeper:3.9", "zookeeper"),
        ("confluentinc/cp-zookeeper:7.6.0", "zookeeper"),
        ("provectuslabs/kafka-ui:latest", None),
        ("confluentinc/cp-kafka-connect:7.6.0", None),
        ("confluentinc/cp-kafka-rest", None),
        ("danielqsj/kafka-exporter", None),
        ("company/kafkaesque", None),
        ("kafka/shop:1", None),
        ("redis:7", None),
        ("sha256:0a1b2c", None),
    ],
)
def test_what_an_image_runs(image: str, role: Role | None) -> None:
    roles: list[Role] = ["kafka", "zookeeper"]
    assert [r for r in roles if image_runs(r, image)] == ([role] if role else [])
