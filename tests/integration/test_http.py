"""What the two endpoints answer, from a real worker, to good and bad requests."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from recsys_app.models import Movie
from recsys_app.stack import Stack
from tests.service import Service

GOOD = {"userId": 1, "movieId": 1, "rating": 5}
JSON = {"Content-Type": "application/json"}
MOST_IN_FLIGHT = 20


@pytest.fixture(scope="module")
def service(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("http")
    with Service(
        stack,
        name="http",
        home=home,
        train_interval_seconds=100_000,
        max_ratings_in_flight=MOST_IN_FLIGHT,
    ) as running:
        yield running


def send(service: Service, body: bytes | str, headers: dict[str, str] = JSON) -> requests.Response:
    return service.post("/send_rating", data=body, headers=headers)


def assert_problem(answer: requests.Response, status: int, said: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert said in document["detail"]


def test_a_rating_is_accepted_with_its_position(service: Service) -> None:
    first = service.post("/send_rating", json=GOOD)
    second = service.post("/send_rating", json=GOOD)
    assert first.status_code == second.status_code == 202
    assert first.json()["status"] == "accepted"
    assert second.json()["partition"] == first.json()["partition"]
    assert second.json()["offset"] == first.json()["offset"] + 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rating": 5.5}, "rating"),
        ({"rating": 0}, "rating"),
        ({"rating": 4.3}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": None}, "rating"),
        ({"rating": True}, "rating"),
        ({"userId": 0}, "userId"),
        ({"userId": 2**31}, "userId"),
        ({"userId": "1"}, "userId"),
        ({"userId": 1.5}, "userId"),
        ({"movieId": -1}, "movieId"),
        ({"movieId": [1]}, "movieId"),
        ({"mood": "good"}, "mood"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    service: Service, changes: dict[str, Any], field: str
) -> None:
    assert_problem(service.post("/send_rating", json=GOOD | changes), 400, field)


def test_a_missing_field_is_named(service: Service) -> None:
    assert_problem(service.post("/send_rating", json={"userId": 1, "movieId": 1}), 400, "rating")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"rating"',
        b'{"userId": 1, "movieId": 1, "rating": NaN}',
        b'{"userId": 1, "movieId": 1, "rating": Infinity}',
        b'{"userId": 1, "movieId": 1, "rating": ' + b"9" * 4000 + b"}",
        b'{"userId": ' + b"1" * 4000 + b', "movieId": 1, "rating": 5}',
        b"[" * 4000,
        b'{"a":' * 800,
        b'{"userId": 1, "movieId": 1, "rating": 5}\xff',
        b"\xff\xfe\x00",
    ],
)
def test_a_body_that_is_no_rating_is_refused(service: Service, body: bytes) -> None:
    assert_problem(send(service, body), 400, "")


def test_a_long_body_is_refused(service: Service) -> None:
    for body in (b" " * 4097, b"[" * 10_000, b"9" * 5000):
        assert_problem(send(service, body), 413, "4096 bytes")


def test_a_long_body_without_a_length_is_refused(service: Service) -> None:
    chunks = (b" " * 1000 for _ in range(6))
    answer = service.post("/send_rating", data=chunks, headers=JSON)
    assert_problem(answer, 413, "4096 bytes")


def test_a_body_that_is_not_encoded_as_said_is_refused(service: Service) -> None:
    answer = send(service, b'{"userId":1}', JSON | {"Content-Encoding": "gzip"})
    assert_problem(answer, 400, "not encoded")


def test_a_body_that_breaks_off_is_no_mistake_of_the_service(service: Service) -> None:
    def counted(status: int) -> float:
        line = f'{{method="POST",route="/send_rating",status="{status}"}} '
        found = service.get("/metrics").text.partition("recsys_http_requests_total" + line)[2]
        return float(found.split()[0]) if found else 0.0

    refused, failed = counted(400), counted(500)
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(
            b"POST /send_rating HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            b"Content-Type: application/json\r\n\r\n{"
        )
    service.wait_until(lambda: counted(400) > refused or counted(500) > failed)
    assert (counted(400), counted(500)) == (refused + 1, failed)


def test_another_content_type_is_refused(service: Service) -> None:
    answer = send(service, b'{"userId":1,"movieId":1,"rating":5}', {"Content-Type": "text/plain"})
    assert_problem(answer, 415, "application/json")


@pytest.mark.parametrize("user", ["abc", "0", "-1", "1.5", str(2**31), "9" * 5000, "%00", "１"])
def test_a_user_id_that_is_none_is_refused(service: Service, user: str) -> None:
    assert_problem(service.get(f"/recommendations/{user}"), 400, "user id")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "", "1e2"])
def test_a_limit_outside_1_to_100_is_refused(service: Service, limit: str) -> None:
    assert_problem(service.get("/recommendations/1", params={"limit": limit}), 400, "limit")


def test_an_unknown_address_and_a_wrong_method_are_told(service: Service) -> None:
    assert_problem(service.get("/nowhere"), 404, "/nowhere")
    answer = requests.put(f"{service.url}/send_rating", timeout=5)
    assert_problem(answer, 405, "POST")
    assert answer.headers["Allow"] == "POST"


def test_random_bytes_never_make_a_500(service: Service) -> None:
    for length in range(0, 400, 7):
        assert send(service, os.urandom(length)).status_code == 400


async def test_popular_movies_stand_in_before_the_first_training(service: Service) -> None:
    parts = service.components()
    await parts.movie_store.put_many([Movie(7, "Seven Samurai", 1954, ["Drama"]), Movie(8, "Ran")])
    await parts.close()
    service.wait_until(lambda: len(service.get("/recommendations/5").json()) == 2)
    answer = service.get("/recommendations/5", params={"limit": 1})
    assert answer.json() == [
        {
            "movieId": 7,
            "title": "Seven Samurai",
            "year": 1954,
            "genres": ["Drama"],
            "rating": 3.0,
        }
    ]
    assert answer.headers["X-Recommendation-Source"] == "popular"
    assert answer.headers["X-Model-Version"] == "none"


def test_it_is_alive_and_ready(service: Service) -> None:
    assert service.get("/livez").status_code == 200
    ready = service.get("/readyz")
    assert ready.status_code == 200
    assert set(ready.json()["dependencies"]) == {"kafka", "hdfs", "redis", "mongodb"}
    assert ready.json()["down"] == []


def test_a_rating_that_kafka_does_not_confirm_may_be_sent_again(
    service: Service, stack: Stack
) -> None:
    stack.kafka.pause()
    try:
        answer = service.post("/send_rating", json=GOOD)
    finally:
        stack.kafka.resume()
    assert_problem(answer, 503, "Kafka")
    assert int(answer.headers["Retry-After"]) > 0
    service.wait_until(lambda: service.post("/send_rating", json=GOOD).status_code == 202)


def test_ratings_that_wait_for_kafka_are_bounded(service: Service, stack: Stack) -> None:
    """What comes to a full place is refused at once rather than kept in memory."""
    answers: list[requests.Response] = []

    def somebody_was_refused() -> bool:
        sent = [pool.submit(service.post, "/send_rating", json=GOOD) for _ in range(crowd)]
        answers.extend(each.result() for each in sent)
        return f"{MOST_IN_FLIGHT} ratings already wait for it" in service.log.read_text()

    crowd = 2 * MOST_IN_FLIGHT
    stack.kafka.pause()
    try:
        with ThreadPoolExecutor(crowd) as pool:
            service.wait_until(somebody_was_refused)
    finally:
        stack.kafka.resume()
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert f"{MOST_IN_FLIGHT + 1} ratings already wait" not in service.log.read_text()
    service.wait_until(lambda: service.post("/send_rating", json=GOOD).status_code == 202)


def test_what_is_down_is_named(service: Service, stack: Stack) -> None:
    stack.redis.pause()
    try:
        answer = service.get("/readyz")
        stand_in = service.get("/recommendations/5")
    finally:
        stack.redis.resume()
    assert answer.status_code == 503
    assert answer.json()["down"] == ["redis"]
    assert stand_in.status_code == 200
    service.wait_until(lambda: service.get("/readyz").status_code == 200)


def test_faust_s_own_pages_are_off(service: Service) -> None:
    for path in ("/router/", "/table/", "/graph", "/stats/"):
        assert_problem(service.get(path), 404, path)


def test_readers_who_stay_do_not_keep_it_from_ending(stack: Stack, tmp_path: Path) -> None:
    """Without `end_streams` in `application.py`, aiohttp waits a minute for them."""
    with Service(stack, name="ending", home=tmp_path) as service:
        stream = service.get("/users/1/events", stream=True)
        assert next(stream.iter_lines()) == b"retry: 1000"
        assert service.stop(10) == 0
        stream.close()
