"""Ratings as arrays, and what is known and held out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.evaluation import temporal_split
from jobs.judged_ratings import RatingArrays, Split, read_dataset
from recsys_app.errors import BadDataError, ConfigurationError


def arrays(*rows: tuple[int, int, float, int]) -> RatingArrays:
    """Of (user, film, stars, time), in the order in which they came."""
    users, films, stars, times = zip(*rows, strict=True)
    return RatingArrays.of(
        pa.table(
            {
                "userId": np.array(users, dtype=np.int32),
                "movieId": np.array(films, dtype=np.int32),
                "rating": np.array(stars, dtype=np.float32),
                "timestamp": np.array(times),
                "sequence": np.arange(len(rows)),
            }
        )
    )


def folder_with(tmp_path: Path, ratings: str, films: tuple[int, ...] = (1, 2)) -> str:
    (tmp_path / "ratings.csv").write_text(ratings)
    movies = "".join(f"{film},Film {film} (2000),Drama\n" for film in films)
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n" + movies)
    return str(tmp_path)


def test_a_users_ratings_are_in_order_of_time_and_of_equal_times_in_order_of_arrival() -> None:
    found = arrays((2, 9, 1, 5), (1, 7, 1, 8), (1, 5, 2, 3), (1, 6, 3, 3), (2, 4, 5, 1))
    assert found.users.tolist() == [1, 1, 1, 2, 2]
    assert found.movies.tolist() == [5, 6, 7, 4, 9]


def test_the_last_word_on_a_film_counts() -> None:
    found = arrays((1, 5, 1, 9), (1, 6, 2, 2), (1, 5, 4, 1))
    assert list(zip(found.movies.tolist(), found.stars.tolist(), strict=True)) == [(5, 4), (6, 2)]


class TestDataset:
    def test_what_can_be_used_is_read_and_the_rest_is_told(self, tmp_path: Path) -> None:
        path = folder_with(
            tmp_path,
            "userId,movieId,rating,timestamp\n"
            "2147483647,1,4.0,30\n2147483647,2,3.0,20\n2147483647,99,3.5,10\n"
            "2147483648,1,4.0,1\n1,1,7,1\n1,1,2.0,1\n1,1,3.0,2\n",
        )
        data = read_dataset(path)
        assert data.ratings.users.tolist() == [1, 2147483647, 2147483647, 2147483647]
        assert data.ratings.movies.tolist() == [1, 99, 2, 1]
        assert data.ratings.stars.tolist() == [3, 3.5, 3, 4]
        assert data.catalogue.tolist() == [1, 2]
        assert len(data.notes) == 2
        assert "2 unusable rows" in data.notes[0]
        assert "2147483648" in data.notes[0]
        assert "1 ratings are older words" in data.notes[1]

    def test_without_times_the_order_of_the_file_is_that_of_time(self, tmp_path: Path) -> None:
        path = folder_with(tmp_path, "userId,movieId,rating\n1,2,4.0\n1,1,3.0\n")
        data = read_dataset(path)
        assert data.ratings.movies.tolist() == [2, 1]
        assert "2 of 2 ratings have no time" in data.notes[0]

    def test_a_rating_without_a_time_is_newer_than_those_with_one(self, tmp_path: Path) -> None:
        rows = "userId,movieId,rating,timestamp\n1,1,3.0,\n1,2,4.0,500\n"
        assert read_dataset(folder_with(tmp_path, rows)).ratings.movies.tolist() == [2, 1]

    def test_a_set_without_a_usable_rating_says_so(self, tmp_path: Path) -> None:
        path = folder_with(tmp_path, "userId,movieId,rating,timestamp\n1,1,9,1\n")
        with pytest.raises(BadDataError, match=r"no usable rating; the first trouble: .*line 2"):
            read_dataset(path)

    def test_a_wrong_path_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="no folder or zip"):
            read_dataset(str(tmp_path / "nothing"))


class TestSplit:
    ratings = arrays(*[(user, film, film / 2, film) for user in (3, 1, 2) for film in range(1, 6)])

    def test_users_have_what_is_known_and_what_is_held_out(self) -> None:
        mask = temporal_split(self.ratings.users, self.ratings.timestamps, 0.4)
        split = Split.of(self.ratings, mask, most_users=10, seed=1)
        assert [user.user_id for user in split.users] == [1, 2, 3]
        assert split.users[1].ratings == {1: 0.5, 2: 1.0, 3: 1.5}
        assert split.users[1].held_movies.tolist() == [4, 5]
        assert split.users[1].held_stars.tolist() == [2, 2.5]

    def test_of_many_users_some_are_drawn_always_the_same(self) -> None:
        mask = temporal_split(self.ratings.users, self.ratings.timestamps, 0.4)
        drawn = [Split.of(self.ratings, mask, most_users=2, seed=seed) for seed in (1, 1, 4)]
        ids = [[user.user_id for user in split.users] for split in drawn]
        assert len(ids[0]) == 2
        assert ids[0] == ids[1] != ids[2]
        assert len(drawn[0].known) == 9

    def test_a_user_with_one_rating_is_known_and_not_judged(self) -> None:
        ratings = arrays((1, 1, 4, 1), (2, 1, 4, 1), (2, 2, 3, 2))
        mask = temporal_split(ratings.users, ratings.timestamps, 0.2)
        split = Split.of(ratings, mask, most_users=10, seed=1)
        assert [user.user_id for user in split.users] == [2]
        assert split.known.users.tolist() == [1, 2]

    def test_when_nothing_can_be_held_out_it_says_so(self) -> None:
        ratings = arrays((1, 1, 4, 1), (2, 1, 4, 1))
        mask = temporal_split(ratings.users, ratings.timestamps, 0.2)
        with pytest.raises(BadDataError, match="no user has rated two films"):
            Split.of(ratings, mask, most_users=10, seed=1)
