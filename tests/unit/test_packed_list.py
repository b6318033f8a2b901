"""Lists in the bytes that Redis holds."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_app.models import MAX_ID, CachedList, ScoredMovie, to_cached
from recsys_app.stores.packed_list import pack, unpack

movies = st.tuples(st.integers(1, MAX_ID), st.integers(25, 250))


@given(st.lists(movies, max_size=200), st.integers(0, 2**53))
def test_a_list_comes_back_as_it_was(items: list[tuple[int, int]], revision: int) -> None:
    ids, stars = [movie_id for movie_id, _ in items], [each for _, each in items]
    found = unpack(pack(CachedList("v12", ids, stars, revision)))
    assert found is not None
    assert (found.model_version, list(found.movie_ids), list(found.fiftieths), found.revision) == (
        "v12",
        ids,
        stars,
        revision,
    )


@pytest.mark.parametrize(("highest", "bytes_each"), [(65_535, 3), (200_000, 4), (MAX_ID, 5)])
def test_a_movie_takes_as_many_bytes_as_its_id_needs_and_one(highest: int, bytes_each: int) -> None:
    packed = pack(CachedList("v1", [highest] * 100, [200] * 100))
    assert len(packed) == len(b"v1 0 ") + 1 + 100 * bytes_each


def test_stars_out_of_bounds_are_brought_back() -> None:
    listed = to_cached("v1", [ScoredMovie(1, 1e308), ScoredMovie(2, -3.0), ScoredMovie(3, 3.21)])
    assert list(listed.fiftieths) == [250, 25, 160]
    assert unpack(pack(listed)) is not None


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"v1 0",
        b"v1 0 ",
        b"v1 x \x02",
        b"v1 0 \x02abcd",
        b"v1 0 \x07abc",
        b"v1 0 " + msgspec.msgpack.encode(([1, 2], [450, 400])),  # as release 0.1 wrote it
    ],
)
def test_what_another_release_wrote_counts_as_missing(held: bytes) -> None:
    assert unpack(held) is None
