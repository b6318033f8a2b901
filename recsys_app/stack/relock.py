"""Write `jars.lock` anew: `python -m recsys_app.stack.relock`, after a change of `ROOTS`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from recsys_app.stack.ivy import Ivy
from recsys_app.stack.java import find_java
from recsys_app.stack.lock import LOCK, Jar, sha256_of

# Everything else in the lock is what these depend on.
ROOTS: Mapping[str, Sequence[str]] = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36"),
    "hdfs": (
        "org.apache.hadoop:hadoop-hdfs:3.5.0",
        "org.apache.hadoop:hadoop-common:3.5.0",
        "org.apache.hadoop:hadoop-hdfs-client:3.5.0",
    ),
}


def main() -> None:
    path = Path(__file__).with_name(LOCK)
    path.write_text(lock(ROOTS, command="python -m recsys_app.stack.relock"))


def lock(roots: Mapping[str, Sequence[str]], *, command: str) -> str:
    """A lock file of all that `roots` depend on, which says that `command` writes it."""
    lines = [f"# Written by `{command}`; do not edit by hand."]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "resolved")
        Ivy(find_java()).resolve(folder, roots)
        for section in roots:
            files = sorted((folder / section).rglob("*.jar"))
            jars = [_jar(file, file.relative_to(folder / section)) for file in files]
            lines += ["", f"[{section}]", *(f"{jar.coordinates} {jar.sha256}" for jar in jars)]
    return "\n".join(lines) + "\n"


def _jar(file: Path, path: Path) -> Jar:
    group, artifact, version, _ = path.parts
    classifier = path.stem.removeprefix(f"{artifact}-{version}").removeprefix("-")
    return Jar(group, artifact, version, classifier, sha256_of(file))


if __name__ == "__main__":
    main()
