"""The versions of the model that there are, and which of them are served."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from recsys_app.errors import BadDataError, RecsysError
from recsys_app.services.experiment import Experiment
from recsys_app.services.model_version import slot_of, version_number

SERVABLE = ("ready", "rejected")


class RunStore(Protocol):
    async def active_version(self) -> str | None: ...
    async def activate(self, version: str, number: int) -> None: ...
    async def run(self, version: str) -> Mapping[str, Any] | None: ...
    async def runs(self, limit: int = 50) -> Sequence[Mapping[str, Any]]: ...
    async def state(self) -> tuple[str | None, Mapping[str, Any] | None]: ...
    async def put_experiment(self, experiment: Mapping[str, Any]) -> None: ...
    async def end_experiment(self, name: str) -> None: ...
    async def past_experiment(self, name: str) -> Mapping[str, Any] | None: ...


class ModelRun(NamedTuple):
    """One training run, for people."""

    version: str
    status: str
    """running, ready, rejected, failed or retired."""
    is_active: bool
    started_at: datetime
    users: int | None
    ratings: int | None
    metrics: Mapping[str, float]
    cause: str | None
    """Why it failed, or was rejected."""


class ModelRegistry:
    """Lists the versions, goes back to one, and puts two side by side."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    async def versions(self) -> list[ModelRun]:
        """The newest runs, newest first."""
        active = await self._runs.active_version()
        return [_model_run(run, active) for run in await self._runs.runs()]

    async def roll_back(self, version: str) -> None:
        """Serves this version from now on; workers take it up whole at their next refresh.

        Raises:
            RecsysError: there is no such version, or its lists are gone.
        """
        await self._servable(version)
        await self._runs.activate(version, version_number(version))

    async def start_experiment(self, challenger: str, share: float) -> Experiment:
        """Shows the challenger to a share of the users, and the active version to the others,
        until the experiment is stopped.

        Raises:
            RecsysError: the versions cannot be served side by side; the message says why.
        """
        control, running = await self._runs.state()
        if running:
            raise RecsysError(
                f"The experiment {running['name']} runs: stop it first with `recsys ab-stop`."
            )
        if control is None or control == challenger:
            raise RecsysError("An experiment needs an active version and another one beside it.")
        await self._servable(challenger)
        if slot_of(control) == slot_of(challenger):
            raise RecsysError(
                f"{control} and {challenger} share a place in the cache, since their numbers "
                "differ by a multiple of three; choose another version, or train once more."
            )
        now = round(time.time() * 1000)
        name = f"{control}-{challenger}-{now // 1000}"
        experiment = Experiment(control, challenger, share, name, now)
        await self._runs.put_experiment(msgspec.to_builtins(experiment))
        return experiment

    async def stop_experiment(self) -> str:
        """Serves the active version to everybody again; returns the experiment's name.

        Raises:
            RecsysError: none runs.
        """
        _, running = await self._runs.state()
        if running is None:
            raise RecsysError("No experiment runs.")
        await self._runs.end_experiment(running["name"])
        return str(running["name"])

    async def experiment(self, name: str | None = None) -> Experiment:
        """The running experiment, or the one of this name.

        Raises:
            RecsysError: there is none.
        """
        _, running = await self._runs.state()
        if name is not None and (running is None or running["name"] != name):
            running = await self._runs.past_experiment(name)
        if running is None:
            raise RecsysError(
                f"There was no experiment {name}." if name else "No experiment runs; name one."
            )
        return msgspec.convert(running, Experiment)

    async def _servable(self, version: str) -> None:
        try:
            version_number(version)
        except BadDataError as error:
            raise RecsysError(str(error)) from None
        run = await self._runs.run(version)
        if run is None:
            raise RecsysError(f"There is no version {version}; `recsys models` lists them.")
        if run["status"] not in SERVABLE:
            raise RecsysError(f"{version} is {run['status']}, so that it cannot be served.")


def _model_run(run: Mapping[str, Any], active: str | None) -> ModelRun:
    counts = run.get("counts") or {}
    return ModelRun(
        run["_id"],
        run["status"],
        run["_id"] == active,
        run["startedAt"],
        counts.get("users"),
        counts.get("ratings"),
        run.get("metrics") or {},
        run.get("cause"),
    )
