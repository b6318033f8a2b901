"""The folder that Hadoop's servers take their settings from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

_LOG4J = """\
log4j.rootLogger=WARN,stderr
log4j.appender.stderr=org.apache.log4j.ConsoleAppender
log4j.appender.stderr.target=System.err
log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
log4j.appender.stderr.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
"""


def write_hadoop_conf(folder: Path, **files: Mapping[str, object]) -> None:
    """Writes `core_site=…` as `core-site.xml` and so on; warnings go to standard error."""
    for name, properties in files.items():
        (folder / f"{name.replace('_', '-')}.xml").write_text(_configuration(properties))
    (folder / "log4j.properties").write_text(_LOG4J)


def _configuration(properties: Mapping[str, object]) -> str:
    rows = "".join(
        f"<property><name>{name}</name><value>{escape(str(value))}</value></property>\n"
        for name, value in properties.items()
    )
    return f"<configuration>\n{rows}</configuration>\n"
