"""The pinned jars as files: fetched once per user, checked, shared by every checkout."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from recsys_app.errors import ConfigurationError
from recsys_app.stack.ivy import Ivy
from recsys_app.stack.lock import Jar, locked_jars
from recsys_app.stack.progress import Reporter, silent_reporter

_PARALLEL = 4  # Ivy downloads one file after the other


def default_cache(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of this user's jars."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "recsys", "jars")


class JarCache:
    """The jars of a section as files; those that are missing are fetched first."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        maven_url: str | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.folder = folder or default_cache()
        self._maven_url = maven_url
        self._reporter = reporter or silent_reporter()

    def paths(self, section: str, *, java: Path, jars: Sequence[Jar] | None = None) -> list[Path]:
        """The checked jar files of `section`, fetched where they are missing.

        Args:
            jars: What the section consists of, if not what the lock says.

        Raises:
            ConfigurationError: a jar cannot be downloaded, or is not the one that was pinned.
        """
        jars = locked_jars(section) if jars is None else jars
        if self._missing(jars):
            self._fetch(section, jars, java)
        for jar in jars:
            jar.check(self.folder / jar.path)
        return [self.folder / jar.path for jar in jars]

    def _missing(self, jars: Sequence[Jar]) -> list[Jar]:
        return [jar for jar in jars if not (self.folder / jar.path).exists()]

    def _fetch(self, section: str, jars: Sequence[Jar], java: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left_by_a_killed_process in self.folder.glob(".fetch-*"):
                shutil.rmtree(left_by_a_killed_process)
            missing = self._missing(jars)  # another process may have fetched them meanwhile
            if missing:
                with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetch-") as staging:
                    self._download(section, missing, Path(staging), java)

    def _download(self, section: str, jars: Sequence[Jar], staging: Path, java: Path) -> None:
        ivy = Ivy(java, maven_url=self._maven_url)
        slices = [part for i in range(_PARALLEL) if (part := jars[i::_PARALLEL])]
        with (
            self._reporter.steps(f"Downloading the jars of {section}", len(jars)) as step,
            ThreadPoolExecutor(_PARALLEL) as pool,
        ):
            downloads = [
                pool.submit(ivy.download, staging / str(i), part, downloaded=step)
                for i, part in enumerate(slices)
            ]
            try:
                for download in downloads:
                    download.result()
            except BaseException:  # Ctrl-C, too, has to end the downloads
                ivy.cancel()
                raise
        for i, part in enumerate(slices):
            for jar in part:
                self._keep(staging / str(i) / jar.path, jar)

    def _keep(self, downloaded: Path, jar: Jar) -> None:
        if not downloaded.exists():
            raise ConfigurationError(f"The download of {jar.coordinates} was cut off; try again.")
        jar.check(downloaded)
        target = self.folder / jar.path
        target.parent.mkdir(parents=True, exist_ok=True)
        downloaded.replace(target)
