"""The Procfile, run by honcho, at home and as a platform would."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from recsys_app.stack import Stack, StackPorts
from tests.service import ROOT, Service, free_port

BIN = Path(sys.executable).parent
KEY = "shop:read+write:0123456789abcdef0123456789abcdef"


@contextmanager
def honcho(environment: dict[str, str], folder: Path) -> Iterator[Path]:
    """`honcho start` on the Procfile; the log of everything."""
    log = folder / "honcho.log"
    command = [sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), "-d", str(folder)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "start"], env=environment, stdout=output, stderr=output
        )
    try:
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_ready(url: str, log: Path, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            if requests.get(f"{url}/readyz", headers=headers, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)


@pytest.mark.timeout(300)
def test_a_platform_gets_a_service_with_what_platforms_set(stack: Stack, tmp_path: Path) -> None:
    service = Service(stack, name="procfile", home=tmp_path)
    environment = {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "PORT": str(service.port),
        "KAFKA_URL": f"kafka://{stack.kafka_url}",
        "HDFS_URL": stack.hdfs_url,
        "REDIS_URL": stack.redis_url,
        "MONGODB_URI": stack.mongodb_uri.rpartition("/")[0] + "/procfile",
        "RECSYS_API_KEYS": KEY,
        "RECSYS_HOME": str(tmp_path / "new" / "home"),
        "RECSYS_APP_ID": "procfile",
        "RECSYS_TOPIC_PREFIX": "procfile-",
        "RECSYS_ARCHIVE_ROOT": "/procfile/ratings",
    }
    headers = {"X-API-Key": KEY.rpartition(":")[2]}
    with honcho(environment, tmp_path) as log:
        wait_ready(service.url, log, headers)
        rating = {"userId": 1, "movieId": 1, "rating": 5}
        assert service.post("/send_rating", json=rating).status_code == 401
        assert service.post("/send_rating", json=rating, headers=headers).status_code == 202
        export = tmp_path / "export.csv"

        def archived() -> bool:
            service.recsys("export", str(export))
            return export.exists() and len(export.read_text().splitlines()) == 2

        service.wait_until(archived)
    assert "Topics, directories and indexes are there." in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_release_without_keys_is_refused(stack: Stack, tmp_path: Path) -> None:
    done = Service(stack, name="keyless", home=tmp_path).recsys("release")
    assert done.returncode == 1
    assert "RECSYS_API_KEYS" in done.stderr


@pytest.mark.timeout(300)
def test_at_home_it_uses_the_embedded_servers(tmp_path: Path) -> None:
    ports, port, home = StackPorts.free(), free_port(), tmp_path / "home"
    environment = {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "RECSYS_HOME": str(home),
        "RECSYS_STACK_PORT": str(ports.kafka),
    }
    with Stack(home=home, ports=ports, die_with_parent=True), honcho(environment, tmp_path) as log:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, log, {})
        rating = {"userId": 1, "movieId": 1, "rating": 5}
        assert requests.post(f"{url}/send_rating", json=rating, timeout=5).status_code == 202
    assert "Traceback" not in log.read_text()
