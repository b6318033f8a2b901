"""What an image's name and a container's environment say about Kafka and ZooKeeper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Role = Literal["kafka", "zookeeper"]

# Images that have a server's name in theirs and are not that server.
_COMPANIONS = {
    "ui", "connect", "exporter", "rest", "manager", "bridge", "proxy", "mirror", "mirrormaker",
    "registry", "operator", "lag", "monitor", "cli", "tools", "topics", "init", "setup",
    "navigator", "admin", "drop", "cat",
}  # fmt: skip
_NO = frozenset({"", "no", "false", "0"})


def image_runs(role: Role, image: str) -> bool:
    """Whether an image is a server of that kind, by its name.

    `confluentinc/cp-kafka:7.6` and `apache/kafka-native` are Kafka, `kafka-ui` is not.
    """
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    words = set(re.split(r"[-_.]", repository.lower()))
    return role in words and not words & _COMPANIONS


def needs_zookeeper(environment: Mapping[str, str]) -> bool:
    """Whether a Kafka container with this environment is a broker that keeps to ZooKeeper.

    The images of Apache and Confluent read `KAFKA_<SETTING>`, that of Bitnami reads
    `KAFKA_CFG_<SETTING>`. A broker in KRaft mode has `process.roles`; one that names a ZooKeeper
    without it needs that, and also one that is on its way from ZooKeeper to KRaft. A container
    that says neither runs its image's default, which has been KRaft since Kafka 3.3; older
    images of Bitnami are told otherwise by `KAFKA_ENABLE_KRAFT=no`.
    """

    def setting(name: str) -> str:
        value = environment.get(f"KAFKA_{name}") or environment.get(f"KAFKA_CFG_{name}") or ""
        return value.strip().lower()

    names_zookeeper = bool(setting("ZOOKEEPER_CONNECT"))
    if names_zookeeper and setting("ZOOKEEPER_METADATA_MIGRATION_ENABLE") == "true":
        return True
    if setting("PROCESS_ROLES"):
        return False
    return names_zookeeper or environment.get("KAFKA_ENABLE_KRAFT", "yes").strip().lower() in _NO
