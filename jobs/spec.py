"""What a training is asked to do, and what it reports: plain data that crosses process borders."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from recsys_app.archive_snapshot import NewSnapshot
from recsys_app.errors import ConfigurationError
from recsys_app.kafka_security import PLAINTEXT, KafkaSecurity

Given = Mapping[str, int | float]
"""Some of the fields of `ModelParameters`, by name."""

MEDIUM_RATINGS = 1_000_000
"""From so many on, half the rank costs a third of the time and no quality."""

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
    alpha: float = 1.0
    regularization: float = 0.1
    user_regularization: float = 0.8
    """For users, who are solved for when the films are fitted."""
    neutral_rating: float = 3.05
    """Ratings above it are liked, below it disliked: the weight is their difference."""
    own_neutral: float = 0.5
    """How far the neutral rating goes along with each user's own average: 0 not, 1 wholly."""
    min_likes: int = 5
    """Films that fewer users like take no part in the fit of the order."""
    most_fitted_users: int = 2_000_000
    """With more users, films are fitted on so many of them by lot; lists are made for all."""
    popularity_floor: float = 1 / 6
    """The least that popularity weighs in the order."""
    popularity_until: float = 5.0
    """With so many ratings, a list is half popular and half personal."""
    rare_taste: float = 6.0
    """How fast popularity gives way for users who like rarer films than most; 0 is not at all."""
    diversity: float = 0.0
    """How much the likeness to films further up counts against a film, from 0 to 1."""
    stars_rank: int = 32
    stars_iterations: int = 10
    stars_regularization: float = 0.12
    user_shrinkage: float = 5.0
    item_shrinkage: float = 5.0
    """Biases, and users' own averages, are shrunk to the mean as if by so many ratings of it."""
    seed: int = 1

    @classmethod
    def for_ratings(cls, count: int, given: Given | None = None) -> ModelParameters:
        """The settings for so many ratings, with those that are given in their place."""
        by_size = {"rank": 64} if count >= MEDIUM_RATINGS else {}
        return cls(**{**by_size, **(given or {})})  # type: ignore[arg-type]  # settings checks them

    @classmethod
    def of_saved(cls, saved: Given) -> ModelParameters:
        """The settings of a model that was saved, perhaps before some of them came to be."""
        before = {
            "user_regularization": saved["regularization"],
            "own_neutral": 0.0,
            "min_likes": 1,
            "popularity_floor": 0.0,
            "rare_taste": 0.0,
        }
        return cls(**{**before, **saved})  # type: ignore[arg-type]  # as they were written


def checked_parameters(given: Given) -> Given:
    """The given settings, each of the type of its field.

    Raises:
        ConfigurationError: there is no such setting, or it cannot have this value.
    """
    known = asdict(ModelParameters())
    checked: dict[str, int | float] = {}
    for name, value in given.items():
        if name not in known:
            raise ConfigurationError(
                f"The model has no setting {name!r}; it has {', '.join(known)}"
            )
        kind = type(known[name])
        least = 1 if name in _AT_LEAST_ONE else 0
        if not (math.isfinite(value) and value == kind(value) and value >= least):
            raise ConfigurationError(f"The model's setting {name} cannot be {value:g}")
        checked[name] = kind(value)
    return checked


_AT_LEAST_ONE = (
    "rank",
    "iterations",
    "min_likes",
    "most_fitted_users",
    "stars_rank",
    "stars_iterations",
)


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
    spark_archives: str = ""
    """Packed Python environments for the executors, as Spark's `--archives` takes them; the first
    one's interpreter runs our code there."""
    spark_conf: Mapping[str, str] = field(default_factory=dict)
    """More of Spark's configuration; what it says counts."""
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
    parameters: Given = field(default_factory=dict)
    """Settings of the model that are given; the others follow from the number of ratings."""


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
