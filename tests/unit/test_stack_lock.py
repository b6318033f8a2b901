import hashlib
from pathlib import Path

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.stack.lock import Jar, locked_jars, parse_lock
from recsys_app.stack.relock import ROOTS

SUM = "ab" * 32


def test_sections_comments_and_classifiers_are_read() -> None:
    sections = parse_lock(
        f"# comment\n\n[kafka]\norg.a:one:1.0 {SUM}\n[hdfs]\norg.b:two:2:linux {SUM}  # why\n"
    )
    assert sections == {
        "kafka": [Jar("org.a", "one", "1.0", "", SUM)],
        "hdfs": [Jar("org.b", "two", "2", "linux", SUM)],
    }


@pytest.mark.parametrize(
    "line",
    ["org.a:one:1.0", f"org.a:one {SUM}", "org.a:one:1.0 abcd", f"a:b:1:c:d {SUM}", "a:b:1 xyz"],
)
def test_a_bad_line_is_refused_and_shown(line: str) -> None:
    with pytest.raises(ConfigurationError, match=line.split()[0]):
        parse_lock(f"[kafka]\n{line}")


def test_a_jar_has_one_path() -> None:
    assert Jar("org.a", "one", "1.0", "", SUM).path == Path("org.a/one/1.0/one-1.0.jar")
    assert Jar("org.a", "one", "1", "mac", SUM).path == Path("org.a/one/1/one-1-mac.jar")


@pytest.mark.parametrize("section", ROOTS)
def test_the_lock_that_is_shipped_holds_the_servers(section: str) -> None:
    jars = locked_jars(section)
    assert set(ROOTS[section]) <= {jar.coordinates for jar in jars}
    assert len({jar.path for jar in jars}) == len(jars) > 40


def test_a_file_with_another_sum_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "one-1.0.jar"
    file.write_bytes(b"jar")
    Jar("org.a", "one", "1.0", "", hashlib.sha256(b"jar").hexdigest()).check(file)
    with pytest.raises(ConfigurationError, match=r"one-1\.0\.jar.*org\.a:one:1\.0"):
        Jar("org.a", "one", "1.0", "", SUM).check(file)
