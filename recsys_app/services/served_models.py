"""Which versions of the model are served, loaded and ready, and who gets which."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from recsys_app.models import FIFTIETHS, CachedList
from recsys_app.services.experiment import Experiment
from recsys_app.services.model_version import NO_MODEL
from recsys_app.services.movie_service import MovieService
from recsys_app.services.serving_model import (
    NOTHING_SERVED,
    ModelLoader,
    ServedModel,
    ServingModel,
)

log = logging.getLogger(__name__)

_NEUTRAL = 3 * FIFTIETHS
"""Stands for the stars of a movie before anything is known of it."""

_POPULAR_LENGTH = 500


class ModelStore(Protocol):
    async def state(self) -> tuple[str | None, Mapping[str, Any] | None]: ...
    async def run(self, version: str) -> Mapping[str, Any] | None: ...


class ServedModels:
    """The active version, and during an experiment its two versions; `refresh` keeps them so.

    A version is loaded before anybody gets it, and answers are made of one version only.
    """

    def __init__(self, *, models: ModelStore, loader: ModelLoader, movies: MovieService) -> None:
        self._models = models
        self._loader = loader
        self._movies = movies
        self._by_version: dict[str, ServedModel] = {}
        self._active = NOTHING_SERVED
        self._experiment: Experiment | None = None

    @property
    def active(self) -> ServedModel:
        return self._active

    @property
    def experiment(self) -> Experiment | None:
        return self._experiment

    @property
    def loaded(self) -> list[ServingModel]:
        """The models for which new lists are wanted."""
        return [served.model for served in self._by_version.values() if served.model]

    def for_user(self, user_id: int) -> ServedModel:
        """The version that this user gets."""
        if self._experiment is None:
            return self._active
        return self._by_version[self._experiment.version_for(user_id)]

    async def refresh(self) -> bool:
        """Takes up a changed catalogue and what MongoDB says is to be served; whether a version
        came or went."""
        changed = await self._movies.refresh()
        active, running = await self._models.state()
        experiment = msgspec.convert(running, Experiment) if running else None
        wanted = {version for version in (active,) if version}
        if experiment:
            wanted |= {experiment.control, experiment.challenger}
        found: dict[str, ServedModel] = {}
        for version in wanted:
            held = self._by_version.get(version)
            served = held if held and not held.is_awaited else await self._load(version)
            if served is not None:
                found[version] = served
        if experiment and not {experiment.control, experiment.challenger} <= found.keys():
            experiment = None
        is_new = found.keys() != self._by_version.keys() or experiment != self._experiment
        was = self._active.version
        if active in found:
            self._active = found[active]
        elif changed or self._active.version != NO_MODEL:
            self._active = self._catalogue()
        self._by_version, self._experiment = found, experiment
        if self._active.version != was:
            log.info("serving model %s", self._active.version)
        return is_new

    async def _load(self, version: str) -> ServedModel | None:
        run = await self._models.run(version)
        return await self._loader.serve(run) if run else None

    def _catalogue(self) -> ServedModel:
        """What there is before the first training."""
        movie_ids = list(self._movies.movies)[:_POPULAR_LENGTH]
        neutral = [_NEUTRAL] * len(movie_ids)
        return ServedModel(NO_MODEL, CachedList(NO_MODEL, movie_ids, neutral))
