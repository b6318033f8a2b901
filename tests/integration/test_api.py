"""Each route beside the two oldest, with the real servers and a trained model."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from recsys_app.client import AsyncClient, Client
from recsys_app.models import MAX_ID, RatingRequest


class Api:
    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = requests.request(method, self.url + path, timeout=20, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        return self.call("GET", path, status, params=params)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def api(demo_url: str) -> Api:
    return Api(demo_url)


@pytest.fixture
def user(api: Api) -> int:
    """Somebody new."""
    drawn: int = api.call("POST", "/users", 201)["userId"]
    return drawn


def movie_id(api: Api, title: str) -> int:
    found: int = next(
        m["movieId"] for m in api.get("/movies", query=title)["items"] if m["title"] == title
    )
    return found


def rate(api: Api, user: int, *titles: str, stars: float = 5) -> list[int]:
    ids = [movie_id(api, title) for title in titles]
    for each in ids:
        body = {"userId": user, "movieId": each, "rating": stars}
        api.call("POST", "/send_rating", 202, json=body)
    api.wait_until(lambda: rated(api, user) >= set(ids))
    return ids


def rated(api: Api, user: int) -> set[int]:
    return {each["movieId"] for each in api.get(f"/users/{user}/ratings")["items"]}


def test_movies_are_found_by_the_beginnings_of_words(api: Api) -> None:
    assert next(m["title"] for m in api.get("/movies", query="MATR")["items"]) == "The Matrix"
    assert api.get("/movies", query="amelie")["items"][0]["title"] == "Amélie"
    assert api.get("/movies", query="zzzz") == {"items": [], "total": 0, "next": None}


def test_a_list_of_movies_is_filtered_and_comes_in_pages(api: Api) -> None:
    first = api.get("/movies", genre="horror", year_from=1980, year_to=1989, limit=3)
    second = api.get(
        "/movies", genre="horror", year_from=1980, year_to=1989, limit=3, offset=first["next"]
    )
    both = [*first["items"], *second["items"]]
    assert len({m["movieId"] for m in both}) == len(both) > 3
    assert all("Horror" in m["genres"] and 1980 <= m["year"] < 1990 for m in both)
    assert {m["year"] for m in api.get("/movies", year=1999)["items"]} == {1999}


def test_one_movie_or_none(api: Api) -> None:
    known = movie_id(api, "The Matrix")
    assert api.get(f"/movies/{known}")["year"] == 1999
    assert "no movie" in api.get(f"/movies/{MAX_ID}", 404)["detail"]


def test_similar_movies_are_others(api: Api) -> None:
    known = movie_id(api, "Alien")
    found = api.get(f"/movies/{known}/similar", limit=5)
    assert 0 < len(found) <= 5
    assert known not in {m["movieId"] for m in found}
    similarities = [m["similarity"] for m in found]
    assert similarities == sorted(similarities, reverse=True)
    assert all(m["support"] > 0 for m in found)
    api.get(f"/movies/{MAX_ID}/similar", 404)


def test_popular_movies_and_genres(api: Api) -> None:
    genres = api.get("/genres")
    assert sum(g["movies"] for g in genres) > 0
    page = api.get("/popular", genre="Western", limit=2)
    assert len(page["items"]) == 2
    assert all("Western" in m["genres"] for m in page["items"])


def test_a_rating_changes_the_list_and_can_be_taken_back(api: Api, user: int) -> None:
    (alien,) = rate(api, user, "Alien")
    path = f"/recommendations/{user}"
    api.wait_until(lambda: alien not in {m["movieId"] for m in api.get(path, limit=100)})
    api.call("DELETE", f"/ratings/{user}/{alien}", 202)
    api.wait_until(lambda: not rated(api, user))
    assert api.get(f"/users/{user}/ratings") == {"items": [], "total": 0, "next": None}


def test_recommendations_are_filtered_and_explained(api: Api, user: int) -> None:
    mine = rate(api, user, "Alien", "Blade Runner", "The Terminator")
    path = f"/recommendations/{user}"
    found = api.get(path, genre="Sci-Fi", year_from=1980, explain="true", limit=5)
    assert all("Sci-Fi" in m["genres"] and m["year"] >= 1980 for m in found)
    reasons = [reason["movieId"] for m in found for reason in m["because"]]
    assert reasons
    assert set(reasons) <= set(mine)
    left_out = found[0]["movieId"]
    again = api.get(path, genre="Sci-Fi", year_from=1980, exclude=[left_out], limit=5)
    assert [m["movieId"] for m in again[:4]] == [m["movieId"] for m in found[1:]]


def test_a_visitor_gets_what_a_user_with_these_ratings_gets(api: Api, user: int) -> None:
    mine = rate(api, user, "Alien", "Blade Runner")
    ratings = [{"movieId": each, "rating": 5} for each in mine]
    visitor = api.call("POST", "/recommendations", json={"ratings": ratings, "explain": True})
    theirs = api.get(f"/recommendations/{user}", explain="true")
    assert visitor == theirs


def test_a_group_gets_what_none_of_them_has_rated(api: Api, user: int) -> None:
    other = api.call("POST", "/users", 201)["userId"]
    seen = {*rate(api, user, "Alien"), *rate(api, other, "Casablanca")}
    found = api.call("POST", "/recommendations", json={"users": [user, other], "limit": 100})
    assert found
    assert not seen & {m["movieId"] for m in found}
    both = {"users": [user], "ratings": []}
    assert "either" in api.call("POST", "/recommendations", 400, json=both)["detail"]


def test_hidden_movies_are_kept_and_respected(api: Api, user: int) -> None:
    path = f"/recommendations/{user}"
    hidden = api.get(path)[0]["movieId"]
    api.call("PUT", f"/users/{user}/hidden/{hidden}", 204)
    assert hidden not in {m["movieId"] for m in api.get(path, limit=100)}
    assert [m["movieId"] for m in api.get(f"/users/{user}/hidden")["movies"]] == [hidden]
    api.call("DELETE", f"/users/{user}/hidden/{hidden}", 204)
    assert api.get(path)[0]["movieId"] == hidden
    api.call("PUT", f"/users/{user}/hidden/{MAX_ID}", 404)


def test_an_estimate_says_what_was_given_as_well(api: Api, user: int) -> None:
    (alien,) = rate(api, user, "Alien", stars=4.5)
    estimate = api.get(f"/estimate/{user}/{alien}")
    assert estimate["rated"] == 4.5
    assert 0.5 <= estimate["rating"] <= 5
    api.get(f"/estimate/{user}/{MAX_ID}", 404)


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_a_batch_gets_a_verdict_for_each_line(api: Api, user: int, media_type: str) -> None:
    good = [{"userId": user, "movieId": n, "rating": 3} for n in (1, 2)]
    lines = [good[0], {"userId": user, "movieId": 2, "rating": 9}, good[1]]
    body = (
        json.dumps(lines)
        if media_type == "application/json"
        else "\n".join([json.dumps(lines[0]), "{broken", json.dumps(lines[2])])
    )
    found = api.call("POST", "/ratings", data=body, headers={"Content-Type": media_type})
    assert (found["accepted"], found["rejected"]) == (2, 1)
    assert [v["status"] for v in found["verdicts"]] == ["accepted", "rejected", "accepted"]
    assert found["verdicts"][1]["line"] == 2
    assert found["verdicts"][1]["detail"]
    api.wait_until(lambda: rated(api, user) == {1, 2})


def test_a_batch_of_ten_thousand_and_not_one_more(api: Api) -> None:
    user = random.randrange(10**9, MAX_ID)
    line = json.dumps({"userId": user, "movieId": 1, "rating": 3}) + "\n"
    headers = {"Content-Type": "application/x-ndjson"}
    found = api.call("POST", "/ratings", data=line * 10_000, headers=headers)
    assert found["accepted"] == 10_000
    refused = api.call("POST", "/ratings", 400, data=line * 10_001, headers=headers)
    assert "10001" in refused["detail"]


def test_the_client_speaks_to_every_route_it_knows(api: Api, user: int) -> None:
    with Client(api.url) as client:
        alien = client.search("alien", limit=1).items[0].movieId
        assert client.movie(alien).title == "Alien"
        assert client.rate(user, alien, 5).status == "accepted"
        assert client.rate_many([RatingRequest(user, 1, 3)]).accepted == 1
        api.wait_until(lambda: client.ratings(user).total == 2)
        # The list follows the rating by way of a topic, so it may still be the popular one.
        api.wait_until(
            lambda: any(m.because for m in client.recommendations(user, limit=3, explain=True))
        )
        assert len(client.recommendations_for_ratings({alien: 5}, limit=4)) == 4
        assert len(client.recommendations_for_group([user, 1], limit=4)) == 4
        assert client.similar(alien, limit=2)
        assert client.estimate(user, alien).rated == 5
        client.take_back(user, 1)
        api.wait_until(lambda: client.ratings(user).total == 1)


async def test_the_asynchronous_client_speaks_to_the_service(api: Api, user: int) -> None:
    async with AsyncClient(api.url) as client:
        assert (await client.rate(user, 1, 4)).status == "accepted"
        assert len(await client.recommendations(user, limit=3)) == 3


def test_the_pipeline_is_measured(api: Api) -> None:
    found: dict[str, Any] = {}

    def looked_twice_at_everything() -> bool:
        found.update(api.get("/pipeline"))
        return found["ratings"]["perSecond"] is not None and not found["down"]

    api.wait_until(looked_twice_at_everything)
    assert found["ratings"]["total"] > 20_000
    assert found["archive"]["files"] > 0
    assert found["cache"]["keys"] > 0
    first = next(run for run in found["trainings"] if run["status"] == "ready")
    assert first["steps"]
    # `recsys train` waited until the archive had what was loaded.
    assert first["counts"]["ratings"] > 20_000


def test_an_event_comes_when_the_list_changes(api: Api, user: int) -> None:
    seen = threading.Event()

    def go_on_rating() -> None:
        """The first look at Redis, whenever it is, is what later ones are compared with."""
        for movie in itertools.count(1):
            if seen.wait(0.5):
                return
            body = {"userId": user, "movieId": movie, "rating": 5}
            api.call("POST", "/send_rating", 202, json=body)

    with (
        requests.get(f"{api.url}/users/{user}/events", stream=True, timeout=60) as stream,
        ThreadPoolExecutor() as pool,
    ):
        lines = stream.iter_lines()
        assert next(lines) == b"retry: 1000"
        rater = pool.submit(go_on_rating)
        try:
            event = next(line for line in lines if line.startswith(b"event"))
        finally:
            seen.set()
        assert event == b"event: recommendations"
        rater.result()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/recommendations/1?limit=0", "limit"),
        ("/recommendations/1?limit=101", "limit"),
        ("/recommendations/1?limit=1&limit=2", "limit is given 2 times"),
        ("/recommendations/1?Limit=1", "'Limit'"),
        ("/recommendations/1?explain=1", "explain"),
        ("/recommendations/1?user_id=2", "'user_id'"),
        ("/movies?year=99999", "year"),
        ("/movies?query=" + "x" * 201, "query"),
        ("/movies/abc", "movie id"),
        ("/livez?x=1", "'x'"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, said: str) -> None:
    assert said in api.get(path, 400)["detail"]


def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    answer = requests.patch(f"{api.url}/movies", timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET,HEAD"
    head = requests.head(f"{api.url}/movies", timeout=10)
    assert head.status_code == 200
    assert not head.content


def test_the_page_and_its_files_are_not_sent_twice(api: Api) -> None:
    for path in ("/", "/docs", "/static/app.js", "/static/app.css"):
        first = requests.get(api.url + path, timeout=10)
        again = requests.get(
            api.url + path, headers={"If-None-Match": first.headers["ETag"]}, timeout=10
        )
        assert (first.status_code, again.status_code) == (200, 304)
        # A browser takes a kept module's type from this answer.
        assert (
            again.headers["Content-Type"].partition(";")[0]
            == (first.headers["Content-Type"].partition(";")[0])
        )
    assert requests.get(f"{api.url}/static/../api.py", timeout=10).status_code == 404
