"""Whatever strangers and disks send: it is understood exactly, or refused in words."""

from __future__ import annotations

import contextlib
import string

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recsys_app.archive import (
    COLUMNS,
    HEADER,
    LONGEST_ROW,
    ArchiveRow,
    format_rows,
    parse_last_row,
    parse_rows,
)
from recsys_app.errors import BadDataError
from recsys_app.models import (
    MAX_ID,
    MAX_RATING,
    MIN_RATING,
    Record,
    rating_decoder,
    rating_request_decoder,
    recommendations_decoder,
)
from recsys_app.services.dead_letter_eraser import is_about

ids = st.integers(1, MAX_ID)
stars = st.integers(1, 10).map(lambda halves: halves / 2)
keys = st.text(string.ascii_letters + string.digits + "_.:-", max_size=64)
rows = st.builds(
    ArchiveRow, st.integers(0, 2**63 - 1), ids, ids, st.none() | stars, st.integers(0, 2**53), keys
) | st.integers(0, 2**63 - 1).map(ArchiveRow)
numbers = st.integers() | st.floats() | st.sampled_from(["1_0", "+1", " 1", "1.0", "٣", "-1"])
odd_rows = st.lists(
    numbers.map(str) | st.text(max_size=5), min_size=len(COLUMNS), max_size=len(COLUMNS)
).map(lambda cells: ",".join(cells) + "\n")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
almost_ratings = st.fixed_dictionaries(
    {"userId": values | ids, "movieId": values | ids, "rating": values | stars},
    optional={"timestamp": values, "idempotencyKey": values, "more": values},
)


def to_json(value: object) -> bytes:
    return msgspec.json.encode(value)


@given(st.binary() | almost_ratings.map(to_json) | values.map(to_json))
@example(b'{"userId": NaN, "movieId": 1, "rating": 5}')
@example(b'{"userId": ' + b"9" * 5000 + b', "movieId": 1, "rating": 5}')
@example(b"[" * 100_000)
@example(b'{"userId": 1, "userId": 2, "movieId": 1, "rating": 5}')
@example(b'{"userId": 1, "movieId": 1, "rating": 4.999999999999999999}')
@example(b"\xff")
def test_requests_and_messages_are_within_bounds_or_refused(body: bytes) -> None:
    for decoder in (rating_request_decoder, rating_decoder):
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            rating = decoder.decode(body)
            assert 1 <= rating.userId <= MAX_ID
            assert 1 <= rating.movieId <= MAX_ID
            if rating.rating is not None:
                assert MIN_RATING <= rating.rating <= MAX_RATING
                assert rating.rating * 2 == int(rating.rating * 2)
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        recommendations_decoder.decode(body)
    is_about(Record(0, 0, body, body), 1)


@given(st.lists(rows, min_size=1))
def test_what_the_archive_writes_it_reads(written: list[ArchiveRow]) -> None:
    content = format_rows(written)
    assert parse_rows(content, "a file") == written
    assert parse_last_row(content[-LONGEST_ROW:], "a file") == written[-1]
    assert max(map(len, content.splitlines())) <= LONGEST_ROW


@given(st.text() | odd_rows.map(HEADER.__add__) | st.text().map(HEADER.__add__))
def test_what_the_archive_reads_is_what_it_would_have_written(content: str) -> None:
    with contextlib.suppress(BadDataError):
        assert format_rows(parse_rows(content, "a file")) == content
    with contextlib.suppress(BadDataError):
        parse_last_row(content[-LONGEST_ROW:], "a file")


@given(st.lists(rows, min_size=1), st.data())
def test_a_torn_file_is_never_taken_for_a_whole_one(
    written: list[ArchiveRow], data: st.DataObject
) -> None:
    content = format_rows(written)
    torn = content[: data.draw(st.integers(0, len(content) - 1))]
    with contextlib.suppress(BadDataError):
        read = parse_rows(torn, "a file")
        assert torn.endswith("\n")  # cut between two rows, which the length tells
        assert read == written[: len(read)]


ODD = (
    "1_0,1,5,0,0, +1,1,5,0,0, 1,1,5,0,-1, 1,1,5,-7,0, 1,1,5.00,0,0, 1,1,4.3,0,0, 1,1,nan,0,0, "
    "٣,1,5,0,0, ,,,,-3, 01,1,5,0,0,"
)


@pytest.mark.parametrize("cells", [*ODD.split(" "), " 1,1,5,0,0,"])
def test_numbers_that_only_python_understands_are_refused(cells: str) -> None:
    """Spark and a person would read them otherwise, or not at all."""
    with pytest.raises(BadDataError):
        parse_rows(f"{HEADER}{cells}\n", "a file")
