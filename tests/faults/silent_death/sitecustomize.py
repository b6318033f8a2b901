"""Once the file SILENT_DEATH exists, what consumer groups fetch never arrives; all else goes on.

This is how Faust's consumers are known to die: the heartbeats go on, and nothing is handed over.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

_fetched_records = Fetcher.fetched_records


def _died() -> bool:
    return Path(os.environ["SILENT_DEATH"]).exists()


async def _until_death(self: Fetcher, *args: Any, **kwargs: Any) -> Any:
    records = await _fetched_records(self, *args, **kwargs)
    if self._subscriptions.partitions_auto_assigned() and _died():
        await asyncio.Event().wait()
    return records


Fetcher.fetched_records = _until_death
