from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys_app.datasets.dataset import Dataset
from recsys_app.datasets.demo import demo_dataset
from recsys_app.datasets.demo_catalogue import Film, films
from recsys_app.datasets.demo_tastes import ERAS, TASTES

GENRES = {
    "Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller",
    "War", "Western",
}  # fmt: skip

TASTE_OF_USER = {
    1: {"science fiction", "space sagas"},
    2: {"family animation", "family live action"},
    3: {"noir and classic suspense", "golden age Hollywood"},
    4: {"horror"},
    5: {"romantic comedy", "love stories"},
    6: {"European art house", "world cinema"},
}


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return demo_dataset()


@pytest.fixture(scope="module")
def film_of() -> dict[int, Film]:
    return dict(enumerate(films(), 1))


@pytest.fixture(scope="module")
def closeness(demo: Dataset) -> NDArray[np.float64]:
    """How alike films are rated: the damped cosine of their ratings, each less its rater's mean."""
    ratings = list(demo.ratings())
    table = np.zeros((max(r.userId for r in ratings), sum(1 for _ in demo.movies())))
    for rating in ratings:
        table[rating.userId - 1, rating.movieId - 1] = rating.rating or 0.0
    rated = table > 0
    means = table.sum(axis=1, keepdims=True) / rated.sum(axis=1, keepdims=True)
    centred = np.where(rated, table - means, 0.0)
    lengths = np.linalg.norm(centred, axis=0) + 5
    cosine = centred.T @ centred / np.outer(lengths, lengths)
    np.fill_diagonal(cosine, -np.inf)
    return np.asarray(cosine, dtype=np.float64)


def test_the_catalogue_is_clean(demo: Dataset, film_of: dict[int, Film]) -> None:
    movies = list(demo.movies())
    assert len(movies) >= 400
    assert [m.movieId for m in movies] == list(range(1, len(movies) + 1))
    assert max(Counter((m.title, m.year) for m in movies).values()) == 1
    assert {genre for m in movies for genre in m.genres} == GENRES
    assert not [m for m in movies if not m.genres or m.title != m.title.strip()]
    decades = Counter((m.year or 0) // 10 * 10 for m in movies)
    assert {1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020} <= decades.keys()
    assert 1895 <= min(decades) < max(decades) <= 2020
    assert {mark for f in film_of.values() for mark in (f.fame, f.acclaim)} <= {1, 2, 3, 4, 5}


def test_tastes_speak_of_what_the_catalogue_has(film_of: dict[int, Film]) -> None:
    traits = GENRES | {film.shelf for film in film_of.values()} | ERAS.keys() | {"recent"}
    assert {trait for weights in TASTES.values() for trait in weights} <= traits


def test_ratings_look_like_those_of_people(demo: Dataset, film_of: dict[int, Film]) -> None:
    ratings = list(demo.ratings())
    assert 15_000 <= len(ratings) <= 25_000
    assert demo.size_hint == len(ratings)
    assert max(Counter((r.userId, r.movieId) for r in ratings).values()) == 1
    assert {r.rating for r in ratings} == {half / 2 for half in range(1, 11)}
    assert 3.5 <= np.mean([r.rating or 0.0 for r in ratings]) <= 3.75

    per_user = Counter(r.userId for r in ratings)
    assert per_user.keys() == set(range(1, 301))
    assert min(per_user.values()) == 20
    per_movie = Counter(r.movieId for r in ratings).most_common()
    head = sum(count for _, count in per_movie[: len(film_of) // 10])
    assert 0.2 <= head / len(ratings) <= 0.5, "a tenth of the films has a good part of the ratings"


def test_ratings_come_in_the_order_of_time_and_after_the_film(
    demo: Dataset, film_of: dict[int, Film]
) -> None:
    stamps = [(r.timestamp or 0, film_of[r.movieId].year) for r in demo.ratings()]
    assert stamps == sorted(stamps, key=lambda stamp: stamp[0])
    years = [(datetime.fromtimestamp(stamp, UTC).year, film_year) for stamp, film_year in stamps]
    assert {year for year, _ in years} == {2021, 2022, 2023, 2024, 2025}
    assert all(year > film_year for year, film_year in years)


def test_the_demo_is_the_same_in_every_process(demo: Dataset) -> None:
    code = "from recsys_app.datasets.demo import demo_dataset; print(demo_dataset().fingerprint)"
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == demo.fingerprint
    assert list(demo_dataset().ratings()) == list(demo.ratings())


@pytest.mark.parametrize("user_id", TASTE_OF_USER)
def test_the_first_users_have_tastes_one_recognises(
    user_id: int, demo: Dataset, film_of: dict[int, Film]
) -> None:
    stars = defaultdict(list)
    for rating in demo.ratings():
        if rating.userId == user_id:
            film = film_of[rating.movieId]
            stars[film.shelf in TASTE_OF_USER[user_id]].append(rating.rating or 0.0)
    assert len(stars[True]) > 2 * len(stars[False]), "most of what they watch is to their taste"
    assert np.mean(stars[True]) > np.mean(stars[False]) + 0.4
    on_the_shelves = sum(film.shelf in TASTE_OF_USER[user_id] for film in film_of.values())
    assert len(stars[True]) < 0.75 * on_the_shelves, "something is left to recommend"


@pytest.mark.parametrize(
    ("title", "shelves"),
    [
        ("Toy Story", {"family animation", "anime", "family live action"}),
        ("Blade Runner", {"science fiction", "space sagas"}),
        ("Double Indemnity", {"noir and classic suspense", "golden age Hollywood"}),
        ("The Exorcist", {"horror"}),
        ("Notting Hill", {"romantic comedy", "love stories", "musicals"}),
        ("Persona", {"European art house", "world cinema"}),
        ("Princess Mononoke", {"anime", "family animation"}),
    ],
)
def test_films_rated_alike_are_alike(
    title: str, shelves: set[str], film_of: dict[int, Film], closeness: NDArray[np.float64]
) -> None:
    movie_id = next(i for i, film in film_of.items() if film.title == title)
    nearest = np.argsort(-closeness[movie_id - 1])[:8] + 1
    alike = [film_of[i].title for i in nearest.tolist() if film_of[i].shelf in shelves]
    assert len(alike) >= 4, alike
