"""How a Spark session is configured, without starting one."""

from __future__ import annotations

from jobs.spark_session import first_archive


def test_executors_find_an_archive_under_its_own_name_or_its_file_s() -> None:
    assert first_archive("hdfs:///envs/e.tar.gz#environment,other.zip#o") == "environment"
    assert first_archive("file:///envs/e.tar.gz") == "e.tar.gz"
