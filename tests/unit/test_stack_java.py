from pathlib import Path

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.stack.java import find_java


def install(home: Path, says: str) -> Path:
    """A program that prints what `java -version` would."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.2", "25-ea"])
def test_java_home_wins_over_the_path(tmp_path: Path, version: str) -> None:
    java = install(tmp_path / "home", f'openjdk version "{version}" 2025-04-15')
    other = install(tmp_path / "path", 'openjdk version "17.0.1"')
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)}
    assert find_java(environ) == java


def test_without_java_home_the_path_is_searched(tmp_path: Path) -> None:
    java = install(tmp_path, 'openjdk version "17.0.1"')
    assert find_java({"PATH": f"{java.parent}:/bin:/usr/bin"}) == java


@pytest.mark.parametrize(("version", "major"), [("1.8.0_402", 8), ("11.0.2", 11), ("16.0.1", 16)])
def test_an_old_java_is_refused_in_one_sentence(tmp_path: Path, version: str, major: int) -> None:
    install(tmp_path, f'java version "{version}"')
    with pytest.raises(ConfigurationError, match=f"is Java {major}: install Java 17 or later"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_no_java_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Java was not found: install Java 17"):
        find_java({"PATH": str(tmp_path)})


def test_a_wrong_java_home_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"JAVA_HOME is .*, where there is no bin/java"):
        find_java({"JAVA_HOME": str(tmp_path), "PATH": "/usr/bin"})


def test_a_java_that_only_complains_is_refused(tmp_path: Path) -> None:
    # As macOS' /usr/bin/java does where no Java is installed.
    install(tmp_path, "Unable to locate a Java Runtime.")
    with pytest.raises(ConfigurationError, match="did not tell its version"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_java_from_an_aptfile_is_found_and_can_read_its_configuration(tmp_path: Path) -> None:
    # As buildpacks unpack Debian's package: no /usr/bin/java, and links into an /etc elsewhere.
    home = tmp_path / ".apt/usr/lib/jvm/java-17-openjdk-amd64"
    java = install(home, 'openjdk version "17.0.15"')
    java.write_text(f'#!/bin/sh\ncat "{home}/lib/jvm.cfg" >/dev/null || exit 1\n{java.read_text()}')
    (home / "lib").mkdir()
    (home / "lib/jvm.cfg").symlink_to("/etc/no-java-17-openjdk/jvm-amd64.cfg")
    (home.parent / "java-1.17.0-openjdk-amd64").symlink_to(home.name)
    (tmp_path / ".apt/etc/no-java-17-openjdk").mkdir(parents=True)
    (tmp_path / ".apt/etc/no-java-17-openjdk/jvm-amd64.cfg").write_text("-server KNOWN\n")
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert find_java(environ) == java.resolve()
    assert (home / "lib/jvm.cfg").read_text() == "-server KNOWN\n"
    assert find_java(environ) == java.resolve()  # mended once


def test_the_path_wins_over_an_aptfile(tmp_path: Path) -> None:
    java = install(tmp_path, 'openjdk version "17.0.1"')
    install(tmp_path / ".apt/usr/lib/jvm/java-21", 'openjdk version "21.0.1"')
    environ = {"PATH": f"{java.parent}:/bin:/usr/bin", "HOME": str(tmp_path)}
    assert find_java(environ) == java
