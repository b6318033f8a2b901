"""The design that this service replaces: PORT REDIS_URL MONGODB_URI.

Flask under gunicorn with two workers: a list of ids from Redis, the films' details from MongoDB.
"""

from __future__ import annotations

import sys

import orjson
from flask import Flask, Response
from gunicorn.app.base import BaseApplication
from pymongo import MongoClient
from redis import Redis


def create_app(redis_url: str, mongodb_uri: str) -> Flask:
    app = Flask(__name__)
    redis = Redis.from_url(redis_url)
    movies = MongoClient(mongodb_uri).get_default_database()["movies"]

    @app.get("/recommendations/<int:user_id>")
    def get_recommendations(user_id: int) -> Response:
        held = redis.get(f"reference:ids:{user_id}")
        stars = dict(orjson.loads(held))
        details = {movie["_id"]: movie for movie in movies.find({"_id": {"$in": list(stars)}})}
        body = [
            {
                "movieId": movie_id,
                "title": details[movie_id]["title"],
                "year": details[movie_id].get("year"),
                "genres": details[movie_id]["genres"],
                "rating": rating,
            }
            for movie_id, rating in stars.items()
        ]
        return Response(orjson.dumps(body), content_type="application/json")

    return app


class Gunicorn(BaseApplication):
    def __init__(self, *addresses: str, **options: object) -> None:
        self._addresses, self._options = addresses, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(*self._addresses)  # in each worker: clients do not outlive a fork


if __name__ == "__main__":
    port, *addresses = sys.argv[1:]
    Gunicorn(
        *addresses,
        bind=f"127.0.0.1:{port}",
        workers=2,
        threads=16,
        worker_class="gthread",
        keepalive=60,
        loglevel="error",
    ).run()
