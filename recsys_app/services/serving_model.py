"""The model that is served: its popular movies, its item factors, and what they can answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from jobs.explanations import Explanation, explain
from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors, item_factors_path
from jobs.ranking import RankedList, best_films, order_scores, predicted_stars, top_n
from recsys_app.errors import BadDataError, RecsysError, Unavailable
from recsys_app.models import CachedList, Recommendations, ScoredMovie, to_cached
from recsys_app.services.model_version import NO_MODEL

log = logging.getLogger(__name__)

SIMILARITY_SHRINKAGE = 20.0
"""A similarity is shrunk as if by so many more ratings of the rarer film that say nothing."""


class SimilarMovie(NamedTuple):
    movie_id: int
    similarity: float
    """Cosine of the item factors, shrunken by the support, at most 1."""
    support: int
    """How many ratings the rarer of the two films has."""


@dataclass(frozen=True)
class ServingModel:
    """A version's item factors, in memory; it never changes, so that no answer mixes versions."""

    version: str
    fold_in: FoldIn
    top_n: int

    @classmethod
    def of(cls, items: ItemFactors, *, top_n: int) -> ServingModel:
        # Computed here, in the thread that loads the model.
        _ = items.popularity, items.rarity, items.has_factor, items.directions
        return cls(items.version, FoldIn.of(items), top_n)

    @property
    def items(self) -> ItemFactors:
        return self.fold_in.items

    def knows(self, movie_id: int) -> bool:
        """Whether somebody had rated the film when the model was trained."""
        row = int(np.searchsorted(self.items.movie_ids, movie_id))
        ids = self.items.movie_ids
        return row < len(ids) and int(ids[row]) == movie_id and bool(self.items.counts[row])

    def recommend(
        self, users: Sequence[tuple[int, Mapping[int, float], int]]
    ) -> list[Recommendations]:
        """The lists of (user, ratings, revision of the ratings)."""
        ranked = self.fold_in.rank([(user_id, stars) for user_id, stars, _ in users], self.top_n)
        return [
            Recommendations(ranking.user_id, self.version, scored(ranking), revision)
            for ranking, (_, _, revision) in zip(ranked, users, strict=True)
        ]

    def recommend_group(self, members: Sequence[Mapping[int, float]], n: int) -> list[ScoredMovie]:
        """What suits all of them: each member's scores count alike, no member has rated it; the
        stars are the members' average."""
        users = self.fold_in.user_block(list(enumerate(members)))
        scores = order_scores(users, self.items)
        scores /= np.maximum(np.abs(scores).max(axis=1, keepdims=True), np.float32(1e-9))
        together = scores.mean(axis=0, keepdims=True)
        together[:, ~self.items.is_recommendable] = -np.inf
        for rated in users.rated:
            together[0, self.items.rows(rated)] = -np.inf
        (columns,) = best_films(together, self.items, n)
        stars = np.mean(
            [
                predicted_stars(factor, float(bias), self.items, columns)
                for factor, bias in zip(users.stars, users.bias, strict=True)
            ],
            axis=0,
        )
        return scored(RankedList(0, self.items.movie_ids[columns], stars))

    def predict_stars(self, ratings: Mapping[int, float], movie_id: int) -> float | None:
        """The stars that somebody with these ratings would give; None for an unknown film."""
        if not self.knows(movie_id):
            return None
        user = self.fold_in.user_block([(0, ratings)])
        columns = self.items.rows(np.array([movie_id]))
        return float(predicted_stars(user.stars[0], float(user.bias[0]), self.items, columns)[0])

    def explain(
        self, ratings: Mapping[int, float], movie_ids: Iterable[int]
    ) -> dict[int, Explanation]:
        """Why the films are recommended; those that the model does not have are left out."""
        known = [movie_id for movie_id in movie_ids if self.knows(movie_id)]
        return dict(zip(known, explain(self.fold_in, ratings, known), strict=True))

    def similar_movies(self, movie_id: int, n: int) -> list[SimilarMovie] | None:
        """The films whose factors point the same way; None for a film that nobody has rated."""
        if not self.knows(movie_id):
            return None
        items = self.items
        row = int(items.rows(np.array([movie_id]))[0])
        cosines = items.directions @ items.directions[row]
        support = np.minimum(items.counts, items.counts[row])
        similarity = (cosines * (support / (support + SIMILARITY_SHRINKAGE))).astype(np.float32)
        similarity[(similarity <= 0) | ~items.is_recommendable] = -np.inf
        similarity[row] = -np.inf
        (columns,) = top_n(similarity[None, :], n)
        return [
            SimilarMovie(int(items.movie_ids[c]), float(similarity[c]), int(support[c]))
            for c in columns
        ]


class ServedModel(NamedTuple):
    """A version as readers get it."""

    version: str
    popular: CachedList
    model: ServingModel | None = None
    """None before the first training, and as long as HDFS has not given the item factors."""
    is_awaited: bool = False
    """Whether HDFS may give the item factors later."""


NOTHING_SERVED = ServedModel(NO_MODEL, CachedList(NO_MODEL, [], []))


class FileReader(Protocol):
    async def read(self, path: str, *, offset: int = 0) -> bytes: ...


class ModelLoader:
    """Item factors from HDFS, unpacked in a thread, so that nobody waits meanwhile."""

    def __init__(self, files: FileReader, *, root: str, top_n: int) -> None:
        self._files = files
        self._root = root
        self._top_n = top_n

    async def load(self, version: str) -> ServingModel:
        """The version's model.

        Raises:
            Unavailable: HDFS does not give its item factors.
            BadDataError: they are something else.
        """
        content = await self._files.read(item_factors_path(self._root, version))
        items = await asyncio.to_thread(ItemFactors.from_bytes, content)
        if items.version != version:
            raise BadDataError(f"The item factors of {version} are those of {items.version}")
        return await asyncio.to_thread(ServingModel.of, items, top_n=self._top_n)

    async def serve(self, run: Mapping[str, Any]) -> ServedModel:
        """What readers get of this training run, without item factors if HDFS has none to give."""
        version = run["_id"]
        popular = to_cached(version, [ScoredMovie(*item) for item in run["popular"]])
        try:
            return ServedModel(version, popular, await self.load(version))
        except RecsysError as error:
            log.warning("model %s is served without its item factors: %s", version, error)
            return ServedModel(version, popular, is_awaited=isinstance(error, Unavailable))


def loaded(served: ServedModel) -> ServingModel:
    """The model.

    Raises:
        Unavailable: there is none yet.
    """
    if served.model is None:
        raise Unavailable("the model", "none is trained and loaded yet")
    return served.model


def scored(ranked: RankedList) -> list[ScoredMovie]:
    """The list as it travels."""
    stars = np.round(ranked.stars.astype(float), 2).tolist()
    return [ScoredMovie(*pair) for pair in zip(ranked.movie_ids.tolist(), stars, strict=True)]
