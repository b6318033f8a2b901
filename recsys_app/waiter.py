"""Who waits for an answer: a future, or an object that acts on the answer at once."""

from __future__ import annotations

import logging
from typing import Any, Protocol, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T", contravariant=True)
R = TypeVar("R")


class Waiter(Protocol[T]):
    """The part of a future that those who answer it use.

    A future wakes its task in the next turn of the event loop; for small answers by the thousand,
    that costs more than the answer.
    """

    def done(self) -> bool: ...
    def set_result(self, result: T, /) -> None: ...
    def set_exception(self, error: BaseException, /) -> None: ...


def tell(waiter: Waiter[R], result: R) -> None:
    """Gives the result to who still waits; one that fails keeps it from nobody else."""
    if waiter.done():
        return
    try:
        waiter.set_result(result)
    except Exception:
        log.exception("an answer is lost")


def tell_error(waiter: Waiter[Any], error: BaseException) -> None:
    """As `tell`, of an error."""
    if waiter.done():
        return
    try:
        waiter.set_exception(error)
    except Exception:
        log.exception("an error is lost")
