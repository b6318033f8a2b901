"""The jars' way from a Maven repository to the cache, by the real Ivy."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.stack.jars import JarCache, default_cache
from recsys_app.stack.java import find_java
from recsys_app.stack.lock import Jar

CONTENTS = {
    "/org/demo/one/1.0/one-1.0.jar": b"one",
    "/org/demo/two/2.0/two-2.0-linux.jar": b"two for linux",
}
ONE = Jar("org.demo", "one", "1.0", "", hashlib.sha256(b"one").hexdigest())
TWO = Jar("org.demo", "two", "2.0", "linux", hashlib.sha256(b"two for linux").hexdigest())
FETCH = """
import signal, sys
from pathlib import Path
from recsys_app.stack.jars import JarCache
from recsys_app.stack.java import find_java
from recsys_app.stack.lock import Jar

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
cache = JarCache(folder=Path(sys.argv[1]), maven_url=sys.argv[2])
cache.paths("demo", java=find_java(), jars=[Jar("org.demo", "one", "1.0", "", "00" * 32)])
"""


class Repository(ThreadingHTTPServer):
    """A Maven repository with two jars, which remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fetched: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.server.fetched.append(self.path)
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        content = CONTENTS.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        return content or b""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(folder: Path, url: str, *jars: Jar) -> list[Path]:
    return JarCache(folder=folder, maven_url=url).paths("demo", java=find_java(), jars=jars)


def test_jars_are_fetched_once_and_kept(tmp_path: Path, repository: Repository) -> None:
    for _ in range(2):
        one, two = fetch(tmp_path, repository.url, ONE, TWO)
        assert one.read_bytes() == b"one"
        assert two.read_bytes() == b"two for linux"
    assert sorted(repository.fetched) == sorted(CONTENTS)
    assert not list(tmp_path.glob(".fetch-*"))


def test_two_at_a_time_fetch_once(tmp_path: Path, repository: Repository) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: fetch(tmp_path, repository.url, ONE, TWO), range(2)))
    assert both[0] == both[1]
    assert sorted(repository.fetched) == sorted(CONTENTS)


def test_another_file_than_the_pinned_one_is_refused(
    tmp_path: Path, repository: Repository
) -> None:
    pinned = Jar("org.demo", "one", "1.0", "", "00" * 32)
    with pytest.raises(ConfigurationError, match=r"one-1\.0\.jar is not the pinned org.demo:one"):
        fetch(tmp_path, repository.url, pinned)
    assert not (tmp_path / pinned.path).exists()


def test_a_cached_file_that_was_changed_is_refused(tmp_path: Path, repository: Repository) -> None:
    (path,) = fetch(tmp_path, repository.url, ONE)
    path.write_bytes(b"other")
    with pytest.raises(ConfigurationError, match=str(path)):
        fetch(tmp_path, repository.url, ONE)


def test_a_jar_that_cannot_be_had_is_one_sentence(tmp_path: Path, repository: Repository) -> None:
    unknown = Jar("org.demo", "three", "3.0", "", "00" * 32)
    with pytest.raises(
        ConfigurationError, match=r"org\.demo:three:3\.0 could not be .* RECSYS_MAVEN_URL"
    ):
        fetch(tmp_path, repository.url, ONE, unknown)


def test_without_network_it_is_the_same_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="check the network connection"):
        fetch(tmp_path, "http://127.0.0.1:1/", ONE)


@pytest.mark.timeout(50)
def test_a_download_that_hangs_ends_with_its_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with subprocess.Popen([sys.executable, "-c", FETCH, str(tmp_path), url]) as fetching:
            asked, _ = silent.accept()
            with asked:
                fetching.terminate()
                assert fetching.wait() == 7
    assert not list(tmp_path.glob(".fetch-*"))


def test_what_a_killed_fetch_left_is_removed(tmp_path: Path, repository: Repository) -> None:
    left = tmp_path / ".fetch-left"
    left.mkdir()
    fetch(tmp_path, repository.url, ONE)
    assert not left.exists()


def test_the_cache_is_the_users(tmp_path: Path) -> None:
    assert default_cache({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "recsys" / "jars"
    assert default_cache({}) == Path.home() / ".cache" / "recsys" / "jars"
