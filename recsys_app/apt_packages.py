"""Debian packages that a platform has unpacked, by an Aptfile, without installing them.

Heroku's, Dokku's and Scalingo's buildpacks for apt put them below `~/.apt` and run none of their
scripts. So nothing puts Java on the PATH, and its configuration is links to an `/etc` that is not
there: https://github.com/heroku/heroku-buildpack-apt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def unpacked_java_home(environ: Mapping[str, str] | None = None) -> Path | None:
    """The newest Java below `~/.apt`, ready to run; None if there is none."""
    root = _root(environ)
    if root is None:
        return None
    homes = [java.parents[1] for java in root.glob("usr/lib/jvm/*/bin/java")]
    real = sorted({home.resolve() for home in homes}, key=lambda home: home.name)
    if not real:
        return None
    _mend_links(real[-1], root.resolve())
    return real[-1]


def _root(environ: Mapping[str, str] | None) -> Path | None:
    home = (os.environ if environ is None else environ).get("HOME")
    root = Path(home, ".apt") if home else None
    return root if root and root.is_dir() else None


def _mend_links(folder: Path, root: Path) -> None:
    """Has links that lead out of the root lead to what the root itself has there."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            continue
        target = path.readlink()
        inside = root / target.relative_to("/") if target.is_absolute() else path
        if target.is_absolute() and not path.exists() and inside.exists():
            mended = path.with_name(f"{path.name}.{os.getpid()}")
            mended.symlink_to(inside)
            mended.replace(path)  # in one step, since another process may be reading it
