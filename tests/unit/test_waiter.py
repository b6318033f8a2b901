"""Results for those who wait, be they futures or not."""

from __future__ import annotations

import asyncio

import pytest

from recsys_app.waiter import tell, tell_error


class Broken:
    def done(self) -> bool:
        return False

    def set_result(self, result: int, /) -> None:
        raise LookupError(result)

    def set_exception(self, error: BaseException, /) -> None:
        raise error


async def test_one_that_fails_keeps_the_result_from_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone.cancel()
    for waiter in (Broken(), gone, future):
        tell(waiter, 3)
    assert await future == 3
    assert "an answer is lost" in caplog.text
    assert len(caplog.records) == 1  # of the one that fails, not of the one that is gone


async def test_one_that_fails_keeps_the_error_from_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone.cancel()
    for waiter in (Broken(), gone, future):
        tell_error(waiter, LookupError("away"))
    with pytest.raises(LookupError, match="away"):
        await future
    assert "an error is lost" in caplog.text
    assert len(caplog.records) == 1  # of the one that fails, not of the one that is gone
