from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from recsys_app.datasets.movielens import open_dataset
from recsys_app.errors import BadDataError, ConfigurationError
from recsys_app.models import Movie, Rating
from tests.movielens import movielens_folder

FILES = dict[str, bytes]

CSV: FILES = {
    "ratings.csv": b"userId,movieId,rating,timestamp\n1,1,4.0,964982703\n7,2,0.5,964981247\n",
    "movies.csv": (
        "movieId,title,genres\n"
        "1,Toy Story (1995),Animation|Children\n"
        '2,"City of Lost Children, The (Cité des enfants perdus, La) (1995)",(no genres listed)\n'
    ).encode(),
}
DAT: FILES = {
    "ratings.dat": b"1::1::4::964982703\n7::2::0.5::964981247\n",
    "movies.dat": (
        "1::Toy Story (1995)::Animation|Children's\n"
        "2::City of Lost Children, The (Cité des enfants perdus, La) (1995)::(no genres listed)\n"
    ).encode("latin-1"),
}
TABS: FILES = {
    "u.data": b"1\t1\t4\t964982703\n7\t2\t0.5\t964981247\n",
    "u.item": (
        "1|Toy Story (1995)|01-Jan-1995||http://example.org/?a|0|0|1|1\n"
        "2|City of Lost Children, The (Cité des enfants perdus, La) (1995)|||x|1|0|0|0\n"
    ).encode("latin-1"),
    "u.genre": b"unknown|0\nAction|1\nAnimation|2\nChildren's|3\n\n",
}
MOVIES = [
    Movie(movieId=1, title="Toy Story", year=1995, genres=["Animation", "Children"]),
    Movie(
        movieId=2,
        title="The City of Lost Children (La Cité des enfants perdus)",
        year=1995,
        genres=[],
    ),
]
RATINGS = [
    Rating(userId=1, movieId=1, rating=4.0, timestamp=964982703),
    Rating(userId=7, movieId=2, rating=0.5, timestamp=964981247),
]


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def as_folder(tmp_path: Path, files: FILES) -> Path:
    return write_folder(tmp_path / "set", files)


def as_subfolder(tmp_path: Path, files: FILES) -> Path:
    return write_folder(tmp_path / "set", files | {"README.txt": b"", "__MACOSX/x": b""}).parent


def as_zip(tmp_path: Path, files: FILES) -> Path:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def as_zip_with_a_folder(tmp_path: Path, files: FILES) -> Path:
    nested = {f"data/set/{name}": content for name, content in files.items()}
    return as_zip(tmp_path, nested | {"__MACOSX/data/set/._ratings.csv": b"\0"})


@pytest.mark.parametrize("files", [CSV, DAT, TABS], ids=["csv", "dat", "u.data"])
@pytest.mark.parametrize("pack", [as_folder, as_subfolder, as_zip, as_zip_with_a_folder])
def test_every_format_from_every_place(
    tmp_path: Path, pack: Callable[[Path, FILES], Path], files: FILES
) -> None:
    dataset = open_dataset(pack(tmp_path, files))

    assert dataset.name == "set"
    assert list(dataset.movies()) == MOVIES
    assert list(dataset.ratings()) == RATINGS
    assert list(dataset.ratings()) == RATINGS, "a set can be read again"
    assert 2 <= dataset.size_hint <= 3


def test_columns_of_ones_own_csv_are_found_by_the_header(tmp_path: Path) -> None:
    files = {
        "ratings.csv": b'\xef\xbb\xbf"Rating",note,movie_id,user_id\r\n'
        b'3.50,"a, b",1,1\r\n\r\n 5 ,x,2, 2\r\n',
        "movies.csv": b'title,year,movieId\n"Up",2009,1\n Heat (1986) ,1995,2\n',
    }
    dataset = open_dataset(as_folder(tmp_path, files))

    assert list(dataset.ratings()) == [
        Rating(userId=1, movieId=1, rating=3.5),
        Rating(userId=2, movieId=2, rating=5.0),
    ]
    assert list(dataset.movies()) == [
        Movie(movieId=1, title="Up", year=2009, genres=[]),
        Movie(movieId=2, title="Heat", year=1995, genres=[]),
    ]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("1,1,6.0,5", "rating must be from 0.5 to 5 in steps of 0.5, not '6.0'"),
        ("1,1,0,5", "rating"),
        ("1,1,3.7,5", "rating"),
        ("1,1,nan,5", "rating"),
        ("1,1,inf,5", "rating"),
        ("1,1,good,5", "rating"),
        ("0,1,3.0,5", "userId must be a whole number from 1 to 2147483647, not '0'"),
        ("-1,1,3.0,5", "userId"),
        ("2147483648,1,3.0,5", "userId"),
        ("1,,3.0,5", "movieId"),
        ("1,1_0,3.0,5", "movieId"),
        ("1,1.0,3.0,5", "movieId"),
        (f"1,{'9' * 5000},3.0,5", "movieId"),
        ("1,1,3.0,yesterday", "timestamp"),
        ("1,1,3.0", "fields"),
        ("1,1,3.0,5,6", "fields"),
    ],
)
def test_a_bad_rating_is_named_with_its_file_and_line(
    tmp_path: Path, row: str, complaint: str
) -> None:
    text = f"userId,movieId,rating,timestamp\n1,1,4.0,1\n{row}\n2,2,4.5,\n"
    dataset = open_dataset(as_folder(tmp_path, CSV | {"ratings.csv": text.encode()}))

    with pytest.raises(BadDataError, match=r"ratings.csv line 3: ") as raised:
        list(dataset.ratings())
    assert complaint in str(raised.value)
    assert len(str(raised.value)) < 200

    bad_rows: list[BadDataError] = []
    assert list(dataset.ratings(bad_rows.append)) == [
        Rating(userId=1, movieId=1, rating=4.0, timestamp=1),
        Rating(userId=2, movieId=2, rating=4.5),
    ]
    assert [str(bad_row) for bad_row in bad_rows] == [str(raised.value)]


@pytest.mark.parametrize(
    ("files", "name"),
    [(DAT, "ratings.dat"), (TABS, "u.data")],
    ids=["dat", "u.data"],
)
def test_a_bad_rating_in_the_older_formats(tmp_path: Path, files: FILES, name: str) -> None:
    dataset = open_dataset(as_folder(tmp_path, files | {name: files[name] + b"1 1 1 1\n"}))
    with pytest.raises(BadDataError, match=f"{name} line 3: the row has too many fields"):
        list(dataset.ratings())


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (CSV | {"movies.csv": b"movieId,title,genres\nx,Up (2009),\n"}, "line 2: movieId"),
        (CSV | {"movies.csv": b"movieId,title,genres\n1, ,\n"}, "line 2: the title is empty"),
        (CSV | {"movies.csv": b'movieId,title,genres\n1,"Up,\n'}, "movies.csv line 2: "),
        (CSV | {"movies.csv": b"1,Toy Story (1995),Comedy\n"}, "must name the columns"),
        (DAT | {"movies.dat": b"1::Up (2009)\n"}, "movies.dat line 1: the row has"),
        (TABS | {"u.item": b"1|Up (2009)|||x|1\n"}, "u.item line 1: the row has"),
    ],
)
def test_a_bad_movie_is_named_with_its_file_and_line(
    tmp_path: Path, files: FILES, complaint: str
) -> None:
    with pytest.raises(BadDataError, match=complaint):
        list(open_dataset(as_folder(tmp_path, files)).movies())


@pytest.mark.parametrize("header", ["", "1,2,4.0,5\n", "userId,movieId\n"])
def test_a_csv_without_its_header_is_refused(tmp_path: Path, header: str) -> None:
    dataset = open_dataset(as_folder(tmp_path, CSV | {"ratings.csv": header.encode()}))
    with pytest.raises(BadDataError, match="line 1 must name the columns userId, movieId, rating;"):
        list(dataset.ratings())


def test_a_quote_that_never_ends_does_not_swallow_the_rest_of_the_file(tmp_path: Path) -> None:
    text = 'userId,movieId,rating,timestamp\n1,1,4.0,1\n2,2,"4.5,1\n3,3,4.0,1\n'
    dataset = open_dataset(as_folder(tmp_path, CSV | {"ratings.csv": text.encode()}))
    with pytest.raises(BadDataError, match=r"ratings.csv line 4: unexpected end of data"):
        list(dataset.ratings(lambda bad_row: None))


def test_what_is_not_a_set_is_refused_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no folder or zip"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"expected are ratings.csv and movies.csv, or "):
        open_dataset(tmp_path)
    with pytest.raises(ConfigurationError, match=r"has ratings.csv, but not movies.csv beside it"):
        open_dataset(as_folder(tmp_path, {"ratings.csv": CSV["ratings.csv"]}))
    with pytest.raises(ConfigurationError, match="is not a zip"):
        open_dataset(tmp_path / "set" / "ratings.csv")


def test_of_several_sets_one_must_be_named_but_the_one_at_the_top_is_meant(tmp_path: Path) -> None:
    write_folder(tmp_path / "one", CSV)
    write_folder(tmp_path / "two", DAT)
    with pytest.raises(ConfigurationError, match=r"one/ratings.csv, two/ratings.dat"):
        open_dataset(tmp_path)
    write_folder(tmp_path, TABS)
    assert open_dataset(tmp_path).name == tmp_path.name


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    rows = b"".join(b"%d,1,4.0,1\n" % user for user in range(1, 20_000))
    path = as_zip(tmp_path, CSV | {"ratings.csv": b"userId,movieId,rating,timestamp\n" + rows})
    content = bytearray(path.read_bytes())
    content[1000:1100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(BadDataError, match=r"ratings.csv is damaged"):
        list(open_dataset(path).ratings())


@pytest.mark.parametrize("pack", [as_folder, as_zip])
def test_the_fingerprint_follows_the_content_alone(
    tmp_path: Path, pack: Callable[[Path, FILES], Path]
) -> None:
    def fingerprint(place: str, files: FILES) -> str:
        (tmp_path / place).mkdir()
        return open_dataset(pack(tmp_path / place, files)).fingerprint

    first = fingerprint("a", CSV)
    assert fingerprint("b", dict(CSV)) == first
    same_size = CSV["ratings.csv"].replace(b"0.5", b"1.5")
    assert fingerprint("c", CSV | {"ratings.csv": same_size}) != first
    assert fingerprint("d", CSV | {"movies.csv": CSV["movies.csv"] + b"3,Up (2009),\n"}) != first


def test_the_real_set_agrees_with_a_plain_reading_of_it() -> None:
    folder = movielens_folder()
    dataset = open_dataset(folder)
    with (folder / "ratings.csv").open(newline="") as file:
        expected = [
            (int(row["userId"]), int(row["movieId"]), float(row["rating"]), int(row["timestamp"]))
            for row in csv.DictReader(file)
        ]
    read = [(r.userId, r.movieId, r.rating, r.timestamp) for r in dataset.ratings()]
    assert read == expected

    movies = {movie.movieId: movie for movie in dataset.movies()}
    assert {movie_id for _, movie_id, _, _ in expected} <= movies.keys()
    assert not [m.title for m in movies.values() if m.title != m.title.strip()]
    assert not [m.title for m in movies.values() if m.title.endswith((", The", ", A", ")" * 2))]
    without_year = {m.title for m in movies.values() if m.year is None}
    assert {"Babylon 5", "Moonlight"} <= without_year
    assert len(without_year) < 20
    assert movies[2571].title == "The Matrix"
    assert movies[171749] == Movie(
        movieId=171749, title="Death Note: Desu nôto", year=2006, genres=[]
    )
