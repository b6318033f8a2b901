"""What a training is asked to do, and what it reports: plain data that crosses process borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from recsys_app.archive_snapshot import NewSnapshot
from recsys_app.kafka_security import PLAINTEXT, KafkaSecurity

Progress = Callable[[str], None]
"""Called with the name of each step as it begins; the names are those of `STEPS`."""

STEPS = ("start", "read", "order", "stars", "evaluate", "publish", "save")
"""Start Spark, read the archive, fit order and stars, judge them on what was held out, publish the
lists, save the model."""


@dataclass(frozen=True)
class ModelParameters:
    """The settings of both fits; `docs/decisions/training-model.md` has the evidence for them."""

    rank: int = 128
    iterations: int = 10
    alpha: float = 2.0
    regularization: float = 0.2
    neutral_rating: float = 3.4
    """Ratings above it are liked, below it disliked: the weight is their difference."""
    popularity_until: float = 10.0
    """With so many ratings, a list is half popular and half personal."""
    stars_rank: int = 32
    stars_iterations: int = 10
    stars_regularization: float = 0.12
    user_shrinkage: float = 5.0
    item_shrinkage: float = 5.0
    """Biases are shrunk to zero as if by so many average ratings."""
    seed: int = 1


@dataclass(frozen=True)
class TrainingSpec:
    """Everything that a training reads and writes; nothing else is looked up."""

    version: str
    files: tuple[str, ...]
    """Absolute HDFS paths of the archive files, as listed at the start, that come after the
    snapshot."""
    hdfs_rpc_url: str
    """`hdfs://host:port`, the NameNode's RPC address."""
    mongodb_uri: str
    mongodb_database: str
    kafka: tuple[str, ...]
    recommendations_topic: str
    scratch: str
    """A local folder for Spark's temporary files."""
    spark_master: str = "local[*]"
    driver_memory: str = "2g"
    models_root: str = "/models"
    """The HDFS directory of the item factors, one folder for each version."""
    top_n: int = 100
    popular_n: int = 500
    kafka_security: KafkaSecurity = PLAINTEXT
    input_bytes: int | None = None
    """The size of all ratings as archive files, if known: small input gets a JVM that starts
    faster."""
    snapshot: str | None = None
    """The directory of the snapshot of the archive to start from."""
    new_snapshot: NewSnapshot | None = None
    """A snapshot to write of what was read."""
    allow_bad_rows: bool = False
    held_out_users: int = 500
    """The most users whose newest ratings the model is judged by."""
    parameters: ModelParameters = field(default_factory=ModelParameters)


@dataclass(frozen=True)
class TrainingResult:
    """What a training did."""

    version: str
    users: int
    movies: int
    ratings: int
    bad_rows: int
    steps: dict[str, float]
    """Seconds that each step took."""
    parameters: ModelParameters
    metrics: dict[str, float]
