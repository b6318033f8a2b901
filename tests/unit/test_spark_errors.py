"""What a person gets to read of an error of Spark's."""

from __future__ import annotations

import pytest

from jobs.spark_errors import spark_errors
from recsys_app.errors import RecsysError


def test_a_jvm_that_is_gone_is_told_with_the_step() -> None:
    with (
        pytest.raises(RecsysError, match="The training failed in the step 'read': Spark's JVM is"),
        spark_errors("The training", lambda: "read"),
    ):
        raise ConnectionRefusedError(111, "Connection refused")
