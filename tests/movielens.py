"""Where the tests find a real MovieLens set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"


def movielens_folder() -> Path:
    """The folder of ml-latest-small; without it the test is skipped, and in CI it fails."""
    folder = Path(os.environ.get("RECSYS_MOVIELENS_DIR") or _BESIDE_THE_REPOSITORY)
    if (folder / "ratings.csv").is_file():
        return folder
    reason = f"MovieLens is not at {folder}; set RECSYS_MOVIELENS_DIR to a folder that has it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
