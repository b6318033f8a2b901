"""The Procfile, run by honcho as a platform would, and at home."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from honcho.environ import parse_procfile

from recsys_app.settings import load_settings
from recsys_app.stack import Stack, StackPorts
from recsys_app.stack.ports import is_open
from tests.service import ROOT, free_port
from tests.setting_names import names_of_settings
from tests.tls import new_certificate, tls_before

BIN = Path(sys.executable).parent
SECRET = "0123456789abcdef0123456789abcdef"
PLATFORM = {"PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
"""What the buildpack for Python sets."""

PROCFILE = parse_procfile((ROOT / "Procfile").read_text()).processes
RATING = {"userId": 1, "movieId": 1, "rating": 5}

# honcho itself sees to it that nobody takes longer than platforms allow.
HONCHO = """
import sys, honcho.manager, honcho.command
honcho.manager.KILL_WAIT = 10
honcho.command.main(sys.argv[1:])
"""


@contextmanager
def honcho(environment: dict[str, str], folder: Path) -> Iterator[Path]:
    """`honcho start` on the Procfile; the log of everything, of standard outputs only."""
    log = folder / "honcho.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", HONCHO, "--no-colour", "-f", str(ROOT / "Procfile"),
             "-d", str(folder), "start"],
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert "SIGKILL" not in log.read_text(), log.read_text()[-3000:]
    assert "Traceback" not in log.read_text()


def wait_for_port(port: int, log: Path) -> None:
    """As long as platforms do."""
    deadline = time.monotonic() + 60
    while not is_open(port):
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)


def wait_ready(url: str, log: Path, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + 200
    while True:
        with suppress(requests.RequestException):
            if requests.get(f"{url}/readyz", headers=headers, timeout=30).ok:
                return
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, StackPorts]]:
    """Servers of their own: nothing here tells the service any names but those it has."""
    ports = StackPorts.free()
    with Stack(home=tmp_path_factory.mktemp("home"), ports=ports, die_with_parent=True) as stack:
        yield stack, ports


@pytest.mark.timeout(600)
def test_a_platform_gets_a_service_with_what_platforms_set(
    servers: tuple[Stack, StackPorts], tmp_path: Path
) -> None:
    (stack, ports), port = servers, free_port()
    certificate, key = new_certificate(tmp_path)
    with tls_before(ports.redis, certificate, key) as redis_port:
        environment = PLATFORM | {
            "PORT": str(port),
            "KAFKA_URL": f"kafka://{stack.kafka_url},kafka://localhost:{ports.kafka}",
            "HDFS_URL": stack.hdfs_url,
            "REDIS_URL": f"rediss://127.0.0.1:{redis_port}/0",
            "RECSYS_REDIS_CA": certificate.read_text(),
            "MONGODB_URI": stack.mongodb_uri,
            "RECSYS_API_KEYS": f"shop:read+write:{SECRET}",
        }
        url, headers = f"http://127.0.0.1:{port}", {"X-API-Key": SECRET}
        with honcho(environment, tmp_path) as log:
            wait_for_port(port, log)
            wait_ready(url, log, headers)
            answer = requests.post(f"{url}/send_rating", json=RATING, timeout=9)
            assert answer.status_code == 401
            answer = requests.post(f"{url}/send_rating", json=RATING, headers=headers, timeout=9)
            assert answer.status_code == 202
            export = tmp_path / "export.csv"
            while not export.exists() or len(export.read_text().splitlines()) != 2:
                command = [sys.executable, "-m", "recsys_app", "export", str(export)]
                subprocess.run(command, env=environment, cwd=tmp_path, check=True)
    text = log.read_text()
    assert "Topics, directories and indexes are there." in text
    lines = [line.partition(" | ")[2] for line in text.splitlines() if " web.1 " in line]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert any("Lifecycle" in event["event"] for event in events)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", PROCFILE)
def test_everything_is_said_on_standard_output(name: str, tmp_path: Path) -> None:
    environment = PLATFORM | {"PORT": str(free_port()), "RECSYS_TOPIC_PARTITIONS": "four"}
    done = subprocess.run(
        ["/bin/sh", "-c", PROCFILE[name]],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "RECSYS_TOPIC_PARTITIONS='four'" in done.stdout
    assert done.stderr == ""


@pytest.mark.timeout(120)
def test_the_port_opens_whatever_else_is_down(tmp_path: Path) -> None:
    nothing = free_port()
    environment = PLATFORM | {
        "PORT": str(free_port()),
        "KAFKA_URL": f"127.0.0.1:{nothing}",
        "HDFS_URL": f"http://127.0.0.1:{nothing}",
        "REDIS_URL": f"redis://127.0.0.1:{nothing}",
        "MONGODB_URI": f"mongodb://127.0.0.1:{nothing}/x",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", PROCFILE["web"]], env=environment, cwd=tmp_path, stdout=output
        )
    try:
        wait_for_port(int(environment["PORT"]), log)
        url = f"http://127.0.0.1:{environment['PORT']}"
        assert requests.get(f"{url}/livez", timeout=9).status_code == 200
        assert requests.get(f"{url}/readyz", timeout=9).status_code == 503
        answer = requests.post(f"{url}/send_rating", json=RATING, timeout=9)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
    finally:
        process.terminate()
        assert process.wait(10) == 0, log.read_text()[-3000:]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["release", "postdeploy"])
def test_a_release_without_keys_is_refused(name: str, tmp_path: Path) -> None:
    environment = PLATFORM | {"REDIS_URL": "redis://127.0.0.1:1"}
    done = subprocess.run(
        ["/bin/sh", "-c", PROCFILE[name]],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "RECSYS_API_KEYS" in done.stdout


@pytest.mark.timeout(600)
def test_at_home_it_uses_the_embedded_servers(
    servers: tuple[Stack, StackPorts], tmp_path: Path
) -> None:
    ports, port = servers[1], free_port()
    environment = PLATFORM | {"PORT": str(port), "RECSYS_STACK_PORT": str(ports.kafka)}
    with honcho(environment, tmp_path) as log:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, log, {})
        assert requests.post(f"{url}/send_rating", json=RATING, timeout=60).status_code == 202


def test_app_json_speaks_of_the_same_processes_and_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = json.loads((ROOT / "app.json").read_text())
    assert manifest["formation"].keys() <= PROCFILE.keys()
    assert manifest["healthchecks"].keys() <= PROCFILE.keys()
    assert manifest["env"].keys() <= names_of_settings()
    for name, about in manifest["env"].items():
        if "value" in about:
            monkeypatch.setenv(name, about["value"])
    assert load_settings().trusted_proxies == 1
    assert (ROOT / "scalingo.json").read_text() == (ROOT / "app.json").read_text()
    assert (ROOT / "Aptfile").read_text().startswith("openjdk-17-jre-headless\n")
    assert (ROOT / ".python-version").read_text().strip() == "3.11"


def test_the_worker_gives_way_to_the_web_process(tmp_path: Path) -> None:
    faust = tmp_path / "faust"
    faust.write_text("#!/bin/sh\nnice\n")
    faust.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PORT": "1"}
    niceness = {
        name: int(subprocess.check_output(["sh", "-c", PROCFILE[name]], env=environment))
        for name in ("web", "worker")
    }
    assert niceness == {"web": os.nice(0), "worker": min(os.nice(0) + 15, 19)}
