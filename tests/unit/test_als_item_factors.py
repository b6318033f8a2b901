"""Item factors as bytes."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from jobs.item_factors import ItemFactors, item_factors_path
from jobs.spec import ModelParameters
from recsys_app.errors import BadDataError


@pytest.fixture
def items() -> ItemFactors:
    return ItemFactors(
        version="v7",
        parameters=ModelParameters(rank=2, alpha=0.75),
        mean=3.25,
        movie_ids=np.array([1, 5, 9], dtype=np.int32),
        counts=np.array([7, 0, 1], dtype=np.int32),
        is_recommendable=np.array([True, True, False]),
        is_fitted=np.array([True, False, True]),
        order=np.arange(6, dtype=np.float32).reshape(3, 2),
        stars=np.ones((3, 1), dtype=np.float32),
        item_bias=np.array([0.5, 0, -0.5], dtype=np.float32),
    )


def test_bytes_hold_the_whole(items: ItemFactors) -> None:
    read = ItemFactors.from_bytes(items.to_bytes())

    assert (read.version, read.mean, read.parameters) == ("v7", 3.25, items.parameters)
    for name in (
        "movie_ids",
        "counts",
        "is_recommendable",
        "is_fitted",
        "order",
        "stars",
        "item_bias",
    ):
        written = getattr(items, name)
        assert getattr(read, name).tolist() == written.tolist()
        assert getattr(read, name).dtype == written.dtype


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(BadDataError, match="no item factors"):
        ItemFactors.from_bytes(content)


def test_half_a_file_is_refused(items: ItemFactors) -> None:
    content = items.to_bytes()

    with pytest.raises(BadDataError, match="no item factors"):
        ItemFactors.from_bytes(content[: len(content) // 2])


def test_rows_are_found_by_id(items: ItemFactors) -> None:
    assert items.rows(np.array([9, 1])).tolist() == [2, 0]


def test_each_version_has_its_own_path() -> None:
    assert item_factors_path("/models", "v3") == "/models/v3/item_factors.npz"


def test_a_model_that_was_saved_before_is_read_with_the_settings_it_had(items: ItemFactors) -> None:
    with np.load(io.BytesIO(items.to_bytes())) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "is_fitted"}
    about = json.loads(str(arrays.pop("about")))
    for name in (
        "user_regularization",
        "own_neutral",
        "min_likes",
        "popularity_floor",
        "rare_taste",
    ):
        del about["parameters"][name]
    arrays["order"][0] = 0
    buffer = io.BytesIO()
    np.savez(buffer, about=np.array(json.dumps(about)), **arrays)

    read = ItemFactors.from_bytes(buffer.getvalue())

    assert read.is_fitted.tolist() == [False, True, True]
    assert (read.parameters.own_neutral, read.parameters.popularity_floor) == (0, 0)
    assert read.parameters.user_regularization == items.parameters.regularization
