"""`jars.lock`: the jars that the Java servers are made of, each with its SHA-256 sum.

`python -m recsys_app.stack.relock` writes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from recsys_app.errors import ConfigurationError

LOCK = "jars.lock"


@dataclass(frozen=True, order=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> Jar:
        """The jar of a line `group:artifact:version[:classifier] sha256`."""
        try:
            coordinates, sha256 = line.split()
            group, artifact, version, *classifier = coordinates.split(":")
            if len(classifier) > 1 or len(bytes.fromhex(sha256)) != 32:
                raise ValueError
        except ValueError:
            raise ConfigurationError(f"A line of {LOCK} cannot be read: {line!r}") from None
        return cls(group, artifact, version, "".join(classifier), sha256)

    @property
    def coordinates(self) -> str:
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def path(self) -> Path:
        """Where the jar lies below the cache folder."""
        stem = "-".join(filter(None, (self.artifact, self.version, self.classifier)))
        return Path(self.group, self.artifact, self.version, f"{stem}.jar")

    def check(self, file: Path) -> None:
        """Refuse a file that is not this jar.

        Raises:
            ConfigurationError: its SHA-256 sum is another.
        """
        if sha256_of(file) != self.sha256:
            raise ConfigurationError(
                f"{file} is not the pinned {self.coordinates}: its SHA-256 sum is wrong. Delete it "
                "and start again; if that does not help, the Maven repository serves another file."
            )


def sha256_of(path: Path) -> str:
    """The SHA-256 sum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parse_lock(text: str) -> dict[str, list[Jar]]:
    """The jars of each section of a lock file."""
    sections: dict[str, list[Jar]] = {}
    section: list[Jar] = []
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
        else:
            section.append(Jar.parse(line))
    return sections


def locked_jars(section: str) -> list[Jar]:
    """The pinned jars of `section`, "kafka" or "hdfs"."""
    return parse_lock(files("recsys_app.stack").joinpath(LOCK).read_text())[section]
