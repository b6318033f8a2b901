"""Searching the catalogue."""

from __future__ import annotations

import pytest

from recsys_app.models import Movie
from recsys_app.services.movie_index import MovieFilter, MovieIndex

MOVIES = [
    Movie(1, "The Matrix", 1999, ["Action", "Sci-Fi"]),
    Movie(2, "Star Wars", 1977, ["Sci-Fi"]),
    Movie(3, "A Star Is Born", 1954, ["Musical"]),
    Movie(4, "Léon: The Professional", 1994, ["Crime"]),
    Movie(5, "Starship Troopers", 1997, ["Sci-Fi"]),
    Movie(6, "Schindler's List", None, ["Drama"]),
    Movie(7, "Lone Star", 1996, ["Drama"]),
    Movie(8, "Sønderborg", 2001, []),
]


def found(query: str, wanted: MovieFilter | None = None) -> list[int]:
    return [movie.movieId for movie in MovieIndex(MOVIES).find(query, wanted)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("matr", [1]),
        ("THE MATRIX", [1]),
        ("matrix the", [1]),
        ("leon", [4]),
        ("léon", [4]),
        ("schindlers", [6]),
        ("schindler’s l", [6]),
        ("sonder", [8]),
        ("atrix", []),
        ("matrix zzz", []),
        ("!!", []),
        ("   ", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_words_begin_with_the_words_of_the_query(query: str, ids: list[int]) -> None:
    assert found(query) == ids


def test_titles_that_begin_with_the_query_come_first_articles_apart() -> None:
    assert found("star") == [2, 3, 5, 7]


def test_popular_movies_come_first() -> None:
    index = MovieIndex(MOVIES)
    index.order_by_popularity([7, 5, 999])
    assert [m.movieId for m in index.find("star")] == [5, 2, 3, 7]
    assert [m.movieId for m in index.find()][:3] == [7, 5, 1]


def test_filters() -> None:
    assert found("", MovieFilter(genre="sci-fi", year_from=1990)) == [1, 5]
    assert found("", MovieFilter(year_to=1960)) == [3]  # a film without a year fits no years
    assert found("", MovieFilter(exclude=[2, 3, 4, 5, 6, 7, 8])) == [1]
    assert not MovieFilter()
