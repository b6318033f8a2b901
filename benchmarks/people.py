"""Ten people's lists, as `docs/people.md` shows them: six users of a MovieLens set, four invented.

Fits the set with Spark by the training's own functions, folds everybody in, and prints Markdown.
With a second path, the model is kept there, and taken from there if it is there already:

    python -m benchmarks.people ../shared/data/ml-latest-small /tmp/model.npz > people.md
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jobs.explanations import explain
from jobs.fitting import FitRatings, collect_items, fit_order, fit_stars
from jobs.fold_in import FoldIn
from jobs.item_factors import ItemFactors
from jobs.judged_ratings import read_dataset
from jobs.new_films import Traits, with_likely_factors
from jobs.spark_session import set_partitions, spark_session
from jobs.spec import ModelParameters, TrainingSpec
from recsys_app.datasets.movielens import open_dataset
from recsys_app.models import Movie

USERS = (1, 3, 401, 414, 465, 571)
BEST_SHOWN, WORST_SHOWN = 8, 3

INVENTED: dict[str, dict[str, float]] = {
    "children's animation": {
        "Toy Story (1995)": 5,
        "The Lion King (1994)": 5,
        "Finding Nemo (2003)": 5,
        "Monsters, Inc. (2001)": 4.5,
        "My Neighbor Totoro (1988)": 4.5,
        "The Incredibles (2004)": 4.5,
        "Ratatouille (2007)": 4,
        "Alien (1979)": 0.5,
    },
    "1940s noir": {
        "The Maltese Falcon (1941)": 5,
        "Double Indemnity (1944)": 5,
        "The Big Sleep (1946)": 5,
        "Out of the Past (1947)": 5,
        "Laura (1944)": 4.5,
        "The Third Man (1949)": 4.5,
        "Notorious (1946)": 4.5,
    },
    "science fiction only": {
        "Blade Runner (1982)": 5,
        "2001: A Space Odyssey (1968)": 5,
        "Alien (1979)": 4.5,
        "Gattaca (1997)": 4.5,
        "Moon (2009)": 4.5,
        "Brazil (1985)": 4,
        "Dark City (1998)": 4,
        "Titanic (1997)": 1,
        "Forrest Gump (1994)": 1,
        "Pulp Fiction (1994)": 1.5,
    },
    "hates what is popular": {
        "The Seventh Seal (1957)": 5,
        "The 400 Blows (1959)": 5,
        "In the Mood For Love (2000)": 5,
        "Wings of Desire (1987)": 4.5,
        "Three Colors: Blue (1993)": 4.5,
        "Forrest Gump (1994)": 0.5,
        "Titanic (1997)": 0.5,
        "Independence Day (1996)": 0.5,
        "Jurassic Park (1993)": 1,
        "The Shawshank Redemption (1994)": 1,
        "The Matrix (1999)": 1,
        "Shrek (2001)": 0.5,
    },
}


def trained(folder: str) -> ItemFactors:
    data, movies = read_dataset(folder), open_dataset(Path(folder)).movies()
    traits = [Traits(movie.movieId, movie.genres, movie.year) for movie in movies]
    parameters = ModelParameters.for_ratings(len(data.ratings))
    with tempfile.TemporaryDirectory() as scratch:
        spec = TrainingSpec(
            version="v1",
            files=(),
            hdfs_rpc_url="file:///",
            mongodb_uri="",
            mongodb_database="",
            kafka=(),
            recommendations_topic="",
            scratch=scratch,
            input_bytes=0,
        )
        with spark_session(spec) as spark:
            set_partitions(spark, len(data.ratings))
            ratings = FitRatings.of(spark.createDataFrame(data.ratings.table()))
            order = fit_order(ratings, parameters)
            stars = fit_stars(ratings, parameters)
            items = collect_items("v1", parameters, data.catalogue, ratings, order, stars)
    return with_likely_factors(items, traits)


def show(
    name: str, ratings: Mapping[int, float], fold_in: FoldIn, titles: Mapping[int, str]
) -> None:
    (ranked,) = fold_in.rank([(1, ratings)], 10)
    films = ranked.movie_ids.tolist()
    best = sorted(ratings, key=lambda film: -ratings[film])
    shown = best if len(best) <= BEST_SHOWN + WORST_SHOWN + 1 else [*best[:BEST_SHOWN], 0]
    if shown[-1] == 0:
        shown += best[-WORST_SHOWN:]
    given = [f"{titles[film]} {ratings[film]:g}" if film else "…" for film in shown]
    print(f"\n## {name}\n\n{len(ratings)} ratings: {', '.join(given)}.\n")
    reasons = explain(fold_in, ratings, films, most=2)
    for place, (film, why) in enumerate(zip(films, reasons, strict=True), 1):
        because = ", ".join(titles[part.movie_id] for part in why.because)
        told = f"{because}; popularity {why.popularity:.0%}" if because else "popularity"
        print(f"{place}. **{titles[film]}** ({told})")


def main() -> None:
    folder, kept = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if kept and kept.is_file():
        items = ItemFactors.from_bytes(kept.read_bytes())
    else:
        items = trained(folder)
        if kept:
            kept.write_bytes(items.to_bytes())
    fold_in = FoldIn.of(items)
    movies = list(open_dataset(Path(folder)).movies())
    titles = {movie.movieId: _title(movie) for movie in movies}
    ids = {title: film for film, title in titles.items()}
    ratings = read_dataset(folder).ratings
    for user in USERS:
        of_user = ratings.where(ratings.users == user)
        given = dict(zip(of_user.movies.tolist(), of_user.stars.tolist(), strict=True))
        show(f"User {user}", given, fold_in, titles)
    for name, given_titles in INVENTED.items():
        given = {ids[title]: stars for title, stars in given_titles.items()}
        show(f"Invented: {name}", given, fold_in, titles)


def _title(movie: Movie) -> str:
    """Without the original title, which stands in parentheses."""
    return f"{movie.title.partition(' (')[0]} ({movie.year})"


if __name__ == "__main__":
    main()
