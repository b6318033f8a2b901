"""The machine's Java, and a server's command line for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from recsys_app.apt_packages import unpacked_java_home
from recsys_app.errors import ConfigurationError

MINIMUM = 17
_INSTALL = f"install Java {MINIMUM} or later, or point JAVA_HOME at one."


def find_java(environ: Mapping[str, str] | None = None) -> Path:
    """The `java` program to use: that of JAVA_HOME, else the one on the PATH, else the one that an
    Aptfile has brought.

    Raises:
        ConfigurationError: there is none, or it is older than Java 17.
    """
    environ = os.environ if environ is None else environ
    home = environ.get("JAVA_HOME")
    if home:
        java = Path(home, "bin", "java")
        if not os.access(java, os.X_OK):
            raise ConfigurationError(f"JAVA_HOME is {home}, where there is no bin/java: {_INSTALL}")
    else:
        found = shutil.which("java", path=environ.get("PATH", os.defpath))
        unpacked = None if found else unpacked_java_home(environ)
        if unpacked:
            found = str(unpacked / "bin" / "java")
        if found is None:
            raise ConfigurationError(f"Java was not found: {_INSTALL}")
        java = Path(found)
    major = _major_version(java)
    if major < MINIMUM:
        raise ConfigurationError(f"{java} is Java {major}: {_INSTALL}")
    return java


def _major_version(java: Path) -> int:
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return parse_major_version(done.stderr) or _unusable(java)


def _unusable(java: Path) -> int:
    raise ConfigurationError(f"{java} did not tell its version: {_INSTALL}")


def parse_major_version(text: str) -> int | None:
    """The major version in what `java -version` prints: 8 for 1.8.0, 17 for 17.0.15."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None
