"""What a person can use of an error that Spark raised."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException, PythonException

from recsys_app.errors import RecsysError

log = logging.getLogger(__name__)


@contextmanager
def spark_errors(what: str, step: Callable[[], str]) -> Iterator[None]:
    """Turns an error of Spark's into one of ours that says in which step `what` failed.

    Spark's hold references into the JVM and cannot leave the process. A JVM that is gone shows as a
    connection that is refused, where nothing was under way in it.

    Raises:
        RecsysError: Spark raised an error in the block.
    """
    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        log.exception("%s failed in the step %s", what, step())
        message = f"{what} failed in the step {step()!r}: {_cause(error)}"
        raise RecsysError(message) from None


def _cause(error: Exception) -> str:
    """The sentence in the error that a person can use."""
    if isinstance(error, ConnectionError):
        return "Spark's JVM is gone"
    lines = [line for line in str(error).splitlines() if line.strip()]
    if isinstance(error, PythonException):
        # The text of an executor's Python traceback, which ends with the error itself.
        sentence = next(line for line in reversed(lines) if not line.startswith(" "))
        return sentence.removeprefix("recsys_app.errors.RecsysError: ")
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return causes[-1] if causes else lines[0]
