"""The item side of a model: what it takes to score films for anybody whose ratings are known."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from jobs.spec import ModelParameters
from recsys_app.errors import BadDataError

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

_ARRAYS = ("movie_ids", "counts", "is_recommendable", "is_fitted", "order", "stars", "item_bias")


@dataclass(frozen=True)
class ItemFactors:
    """One row per film, in ascending order of id; films nobody rated have zeros."""

    version: str
    parameters: ModelParameters
    mean: float
    """The mean of all ratings."""
    movie_ids: Ints
    counts: Ints
    """How many users rated the film."""
    is_recommendable: Bools
    """Whether the film is in the catalogue."""
    is_fitted: Bools
    """Whether the film took part in the fit of the order."""
    order: Floats
    """(films, rank): implicit-feedback factors, which order a user's films."""
    stars: Floats
    """(films, stars rank): explicit factors of what the biases leave."""
    item_bias: Floats

    @cached_property
    def popularity(self) -> Floats:
        """How popular each film is, from 0 to 1: the logarithm of its number of ratings."""
        logarithms: Floats = np.log1p(self.counts).astype(np.float32)
        highest = logarithms.max(initial=0)
        return logarithms / highest if highest else logarithms

    @cached_property
    def rarity(self) -> Floats:
        """How rarely each film is rated: 0 for the most popular one, 1 for the mean of all ratings.

        In bits less than the most popular film. Films that fewer than five rated count as rated by
        five.
        """
        bits = np.log2((self.counts.max(initial=0) + 1) / (np.maximum(self.counts, 5) + 1))
        mean = (bits * self.counts).sum() / max(self.counts.sum(), 1)
        rarity = np.maximum(bits, 0) / mean if mean > 0 else np.zeros(len(bits))
        return rarity.astype(np.float32)

    @cached_property
    def has_factor(self) -> Bools:
        """Which films have factors of the order, fitted or likely ones."""
        return has_factors(self.order)

    @cached_property
    def directions(self) -> Floats:
        """The films' factors of the order at length one; zero for films that have none."""
        lengths = np.linalg.norm(self.order, axis=1, keepdims=True)
        directions: Floats = np.divide(
            self.order, lengths, out=np.zeros_like(self.order), where=lengths > 0
        )
        return directions

    def rows(self, movie_ids: NDArray[np.integer]) -> NDArray[np.intp]:
        """The rows of the films, each of which must be among `movie_ids`."""
        return np.searchsorted(self.movie_ids, movie_ids)

    def to_bytes(self) -> bytes:
        """A NumPy archive (`.npz`) of the whole."""
        buffer = io.BytesIO()
        about = {
            "version": self.version,
            "mean": self.mean,
            "parameters": asdict(self.parameters),
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        np.savez(buffer, about=np.array(json.dumps(about)), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> ItemFactors:
        """What `to_bytes` wrote.

        Raises:
            BadDataError: the content is something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                about = json.loads(str(archive["about"]))
                return cls(
                    version=about["version"],
                    parameters=ModelParameters.of_saved(about["parameters"]),
                    mean=about["mean"],
                    **{name: archive[name] for name in _ARRAYS if name != "is_fitted"},
                    # Models that were saved before have no other films with factors.
                    is_fitted=archive["is_fitted"]
                    if "is_fitted" in archive
                    else has_factors(archive["order"]),
                )
        except (ValueError, KeyError, TypeError, OSError, EOFError, BadZipFile) as error:
            raise BadDataError(f"These are no item factors: {error}") from error


def has_factors(matrix: Floats) -> Bools:
    """Which rows are not zero."""
    found: Bools = (matrix != 0).max(axis=1, initial=False)
    return found


def item_factors_path(models_root: str, version: str) -> str:
    """Where in HDFS the item factors of a version are."""
    return f"{models_root}/{version}/item_factors.npz"
