"""What a Java server of the stack is started with: the machine's Java and the pinned jars."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from recsys_app.stack.jars import JarCache
from recsys_app.stack.java import find_java


class Jvm:
    """Java command lines and class paths; Java and the jars are looked for when first needed."""

    def __init__(self, jars: JarCache) -> None:
        self._jars = jars
        self._class_paths: dict[str, str] = {}
        self._lock = threading.Lock()

    @cached_property
    def java(self) -> Path:
        """The `java` program."""
        return find_java()

    def class_path(self, section: str) -> str:
        """The jars of `section`, fetched if need be, as a class path."""
        with self._lock:
            if section not in self._class_paths:
                paths = self._jars.paths(section, java=self.java)
                self._class_paths[section] = os.pathsep.join(map(str, paths))
            return self._class_paths[section]

    def command(self, main: str, *, heap_mb: int, options: Sequence[str] = ()) -> list[str]:
        """A command line for a small JVM that starts quickly; arguments of `main` follow it."""
        tuning = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [str(self.java), *tuning, *options, main]
