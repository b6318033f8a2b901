"""The Dockerfile and compose.yaml, as far as can be said without an image from elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from recsys_app.__main__ import recsys
from recsys_app.services.kafka_containers import needs_zookeeper
from recsys_app.settings import ROLES, load_settings
from tests.setting_names import names_of_settings

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}


def instructions(keyword: str) -> list[str]:
    """What follows a keyword in the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{keyword} ")]


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    linter = shutil.which("hadolint", path=f"{BIN}:{os.environ['PATH']}")
    assert linter, "it comes with requirements-dev.txt"
    done = subprocess.run(
        [linter, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignore[0] == "*"
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    from_context = [each for each in instructions("COPY") if not each.startswith("--from")]
    copied = {source for each in from_context for source in each.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    packages = set(yaml_lines("setup.cfg", "packages ="))
    assert {package.partition(".")[0] for package in packages} <= copied


def test_the_wheel_can_be_built_from_what_is_copied(tmp_path: Path) -> None:
    for copy in instructions("COPY"):
        *sources, _ = copy.split()
        for source in sources if not copy.startswith("--from") else ():
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / source)
            else:
                shutil.copy(ROOT / source, tmp_path)
    (build,) = [part for part in instructions("RUN") if part.startswith("pip wheel ")]
    command = build.replace("/wheels", str(tmp_path / "wheels")).removeprefix("pip ")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command.split()],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "wheels").glob("recsys-*.whl"))) == 1


def yaml_lines(file: str, heading: str) -> list[str]:
    """The indented lines after a heading."""
    lines = iter((ROOT / file).read_text().splitlines())
    next(line for line in lines if line == heading)
    found = []
    for line in lines:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return found


def test_the_image_holds_what_is_locked_and_runs_as_nobody_special() -> None:
    installs = [part for run in instructions("RUN") for part in run.split("&&") if "pip " in part]
    from_index = [part for part in installs if "--no-deps" not in part]
    assert from_index == ["pip install --require-hashes -r /src/requirements.txt"]
    (user,) = instructions("USER")
    assert int(user) > 0
    assert f"--uid {user}" in " ".join(instructions("RUN"))
    aptfile = (ROOT / "Aptfile").read_text().split()
    assert set(aptfile) < set(" ".join(instructions("RUN")).split())


def test_the_image_runs_executors_for_spark() -> None:
    assert "deploy/spark_executor.py /opt/recsys/bin/executor" in instructions("COPY")
    assert os.access(ROOT / "deploy" / "spark_executor.py", os.X_OK)


async def test_the_health_check_tells_whether_the_service_answers() -> None:
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    statuses = iter((200, 503))

    async def live(_: web.Request) -> web.Response:
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_get("/livez", live)
    async with TestServer(app) as server:

        async def checked() -> int:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command[1:], env={"PORT": str(server.port)},
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            return await process.wait()

        codes = [await checked(), await checked()]
        await server.close()
        assert [*codes, await checked()] == [0, 1, 1]


def test_compose_yaml_is_one() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "compose.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_checked_and_started_again(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]
    assert re.search(r"\d", tag) or name in OURS
    assert tag != "latest"
    assert service["profiles"]
    is_job = name == "release"
    assert service["restart"] == ("no" if is_job else "unless-stopped")
    check = service.get("healthcheck", {})
    assert "test" in check or check == {"disable": True} or name in OURS  # which the image has
    assert (check == {"disable": True}) is is_job
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:")


def dependencies(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = SERVICES[name].get("depends_on", {})
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_services_wait_for_what_they_need_in_each_of_their_profiles(name: str) -> None:
    for other, how in dependencies(name).items():
        ended = SERVICES[other].get("restart") == "no"
        expected = "service_completed_successfully" if ended else "service_healthy"
        assert how["condition"] == expected
        everywhere = set(SERVICES[name]["profiles"]) <= set(SERVICES[other]["profiles"])
        assert everywhere is how.get("required", True)


@pytest.mark.parametrize("profile", ["core", "zookeeper"])
def test_each_profile_has_one_kafka_that_goes_by_that_name(profile: str) -> None:
    brokers = [n for n in ("kafka", "kafka-3") if profile in SERVICES[n]["profiles"]]
    assert len(brokers) == 1
    broker = SERVICES[brokers[0]]
    assert needs_zookeeper(broker["environment"]) is (profile == "zookeeper")
    names = [brokers[0], *broker.get("networks", {}).get("default", {}).get("aliases", [])]
    assert "kafka" in names
    assert broker["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:9092"


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_get_settings_that_there_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = SERVICES[name]
    environment = dict(service["environment"])
    assert environment.keys() <= names_of_settings() | {"PYSPARK_PYTHON"}
    assert environment["PYSPARK_PYTHON"] == "/opt/recsys/bin/python"
    environment["RECSYS_API_KEYS"] = "people:read+write+admin:0123456789abcdef"
    environment["SPARK_MASTER"] = "local[*]"
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert settings.keys
    assert settings.embedded_servers == ()
    for address in (*settings.kafka, settings.hdfs, settings.redis, settings.mongodb):
        host = address.rpartition("://")[2].partition("/")[0].partition(":")[0]
        assert host in SERVICES


def test_the_roles_are_shared_out() -> None:
    roles = [SERVICES[name]["environment"]["RECSYS_ROLES"].split(",") for name in ("web", "worker")]
    assert sorted(role for each in roles for role in each) == sorted(ROLES)


def test_the_commands_exist() -> None:
    commands = [json.loads(each) for each in instructions("CMD")]
    commands += [SERVICES[name]["command"] for name in OURS if "command" in SERVICES[name]]
    for program, argument, *_ in commands:
        if program == "recsys":
            assert argument in recsys.commands
        else:
            assert (BIN / program).exists()


def test_prometheus_scrapes_our_services_with_the_key_it_is_given() -> None:
    found = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (job,) = found["scrape_configs"]
    targets = {target.partition(":")[0] for target in job["static_configs"][0]["targets"]}
    assert targets == OURS & {"web", "worker"}
    secret = Path(job["authorization"]["credentials_file"])
    assert [secret.name] == SERVICES["prometheus"]["secrets"]
    variable = COMPOSE["secrets"][secret.name]["environment"]
    assert variable in SERVICES["web"]["environment"]["RECSYS_API_KEYS"]
    assert all((ROOT / "deploy/prometheus" / file).exists() for file in found["rule_files"])
