"""Apache Ivy's command line, which comes with pyspark and knows where Maven Central is."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from recsys_app.errors import ConfigurationError
from recsys_app.stack.lock import Jar

_NOT_FOUND = re.compile(r"(?:module not found:|\[FAILED +\]) (\S+?)#(\S+?);([^\s!]+)")
# The same layout as `Jar.path`.
_PATTERN = "[organisation]/[module]/[revision]/[artifact]-[revision](-[classifier]).[ext]"


class Ivy:
    """Downloads from Maven Central, or from the mirror at `maven_url`; safe to use from threads."""

    def __init__(self, java: Path, *, maven_url: str | None = None) -> None:
        self._java = java
        self._maven_url = maven_url
        self._running: set[subprocess.Popen[str]] = set()
        self._cancelled = False

    def download(
        self, folder: Path, jars: Sequence[Jar], *, downloaded: Callable[[], None]
    ) -> None:
        """Fetch exactly `jars`, each to its `path` below `folder`, or less after `cancel`.

        Args:
            downloaded: Called after each file.

        Raises:
            ConfigurationError: one cannot be had; the downloads of other threads end too.
        """
        dependencies = "".join(
            f"<dependency org={quoteattr(jar.group)} name={quoteattr(jar.artifact)}"
            f' rev={quoteattr(jar.version)} transitive="false" conf="*->*">'
            f'<artifact name={quoteattr(jar.artifact)} type="jar"'
            + (f" m:classifier={quoteattr(jar.classifier)}" if jar.classifier else "")
            + "/></dependency>"
            for jar in jars
        )
        self._run(folder, dependencies, downloaded=downloaded)

    def cancel(self) -> None:
        """End all downloads, in whatever threads they are."""
        self._cancelled = True
        for ivy in tuple(self._running):
            ivy.terminate()

    def resolve(self, folder: Path, roots: Mapping[str, Sequence[str]]) -> None:
        """Fetch the jars of `roots` and all they depend on to one folder per section."""
        dependencies = ""
        for section, coordinates in roots.items():
            for group, artifact, version in (root.split(":") for root in coordinates):
                dependencies += (
                    f"<dependency org={quoteattr(group)} name={quoteattr(artifact)}"
                    f' rev={quoteattr(version)} conf="{section}-&gt;default"/>'
                )
        self._run(folder, dependencies, sections=tuple(roots), downloaded=lambda: None)

    def _run(
        self,
        folder: Path,
        dependencies: str,
        *,
        sections: Sequence[str] = (),
        downloaded: Callable[[], None],
    ) -> None:
        folder.mkdir(parents=True)
        configurations = "".join(f'<conf name="{section}"/>' for section in sections)
        (folder / "ivy.xml").write_text(
            '<ivy-module version="2.0" xmlns:m="http://ant.apache.org/ivy/maven">'
            '<info organisation="recsys" module="servers"/>'
            + (f"<configurations>{configurations}</configurations>" if sections else "")
            + f"<dependencies>{dependencies}</dependencies></ivy-module>"
        )
        (folder / "settings.xml").write_text(self._settings(use_poms=bool(sections)))
        pattern = f"{folder}/{'[conf]/' if sections else ''}{_PATTERN}"
        command = [str(self._java), "-XX:TieredStopAtLevel=1", "-jar", str(_ivy_jar())]
        command += ["-settings", f"{folder}/settings.xml", "-ivy", f"{folder}/ivy.xml"]
        command += ["-verbose", "-cache", f"{folder}/cache", "-retrieve", pattern]
        command += ["-confs", *sections] if sections else []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as ivy:
            self._running.add(ivy)
            if self._cancelled:
                ivy.terminate()
            assert ivy.stdout is not None
            for line in ivy.stdout:
                if "[SUCCESSFUL ]" in line:
                    downloaded()
                elif missing := _NOT_FOUND.search(line):
                    # Without a network Ivy would try every file, each until its timeout.
                    self.cancel()
                    raise ConfigurationError(
                        f"{':'.join(missing.groups())} could not be downloaded: check the network "
                        "connection, or set RECSYS_MAVEN_URL to a Maven mirror that this machine "
                        "can reach."
                    )
        self._running.discard(ivy)

    def _settings(self, *, use_poms: bool) -> str:
        root = f" root={quoteattr(self._maven_url)}" if self._maven_url else ""
        # The checksums that a repository serves beside its files prove nothing that ours do not.
        return (
            '<ivysettings><settings defaultResolver="central"/><timeout-constraints>'
            '<timeout-constraint name="t" connectionTimeout="10000" readTimeout="60000"/>'
            "</timeout-constraints><resolvers>"
            f'<ibiblio name="central" m2compatible="true" usepoms="{str(use_poms).lower()}"'
            f' checksums="" timeoutConstraint="t"{root}/></resolvers></ivysettings>'
        )


def _ivy_jar() -> Path:
    spec = importlib.util.find_spec("pyspark")
    folders = spec.submodule_search_locations if spec else None
    found = sorted(Path(folders[0], "jars").glob("ivy-*.jar")) if folders else []
    if not found:
        raise ConfigurationError("pyspark's jars have no ivy-*.jar: pip install pyspark again.")
    return found[-1]
