"""When a process says that it can do its work."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_app.application import Components
from recsys_app.errors import Unavailable
from recsys_app.settings import Settings


async def test_a_process_that_cannot_send_yet_is_not_ready(tmp_path: Path) -> None:
    parts = Components(Settings(home=tmp_path))
    with pytest.raises(Unavailable, match="not connected yet"):
        await parts.health._dependencies["kafka"]()
    await parts.close()
