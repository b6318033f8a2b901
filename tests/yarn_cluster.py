"""YARN as one ResourceManager and one NodeManager, whose containers are processes of this machine.

`python -m tests.yarn_cluster` pins their jars anew.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys_app.stack.hadoop_conf import write_hadoop_conf
from recsys_app.stack.jars import JarCache
from recsys_app.stack.java import find_java
from recsys_app.stack.jvm import Jvm
from recsys_app.stack.lock import parse_lock
from recsys_app.stack.relock import lock
from tests.service import free_port

ROOTS = {
    "yarn": (
        "org.apache.hadoop:hadoop-yarn-server-resourcemanager:3.5.0",
        "org.apache.hadoop:hadoop-yarn-server-nodemanager:3.5.0",
        "org.apache.hadoop:hadoop-yarn-server-timelineservice:3.5.0",  # the other two load it
    )
}
_LOCK = Path(__file__).with_name("yarn.lock")
_MAIN = "org.apache.hadoop.yarn.server"
_SCHEDULER = f"{_MAIN}.resourcemanager.scheduler.capacity.CapacityScheduler"


@contextmanager
def yarn_cluster(home: Path, *, hdfs_rpc_url: str) -> Iterator[Path]:
    """The HADOOP_CONF_DIR of a YARN whose node is there; all that it keeps is in `home`."""
    conf = home / "conf"
    conf.mkdir()
    page = free_port()
    scheduler = {
        "yarn.scheduler.capacity.root.queues": "default",
        "yarn.scheduler.capacity.root.default.capacity": 100,
        "yarn.scheduler.capacity.maximum-am-resource-percent": 1,
    }
    write_hadoop_conf(
        conf,
        core_site={"fs.defaultFS": hdfs_rpc_url},
        yarn_site=_yarn_site(home, page),
        capacity_scheduler=scheduler,
    )
    started = []
    try:
        for main in ("resourcemanager.ResourceManager", "nodemanager.NodeManager"):
            started.append(_start(home, conf, main))
        _wait_for_node(page, home)
        yield conf
    finally:
        for process in reversed(started):
            process.terminate()  # the NodeManager ends its containers, then waits for nothing
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def containers_with_environment(home: Path) -> set[str]:
    """The containers that found an environment when they started, by what YARN logs of each."""
    found = home.glob("logs/application_*/container_*/directory.info")
    return {path.parent.name for path in found if " ./environment/bin/python\n" in path.read_text()}


def container_logs(home: Path) -> list[str]:
    """What each container wrote."""
    return [path.read_text() for path in home.glob("logs/application_*/container_*/stderr")]


def _yarn_site(home: Path, page: int) -> dict[str, object]:
    manager, node = "yarn.resourcemanager", "yarn.nodemanager"
    return {
        **{
            f"{manager}{role}.address": f"127.0.0.1:{free_port()}"
            for role in ("", ".scheduler", ".resource-tracker", ".admin")
        },
        f"{manager}.webapp.address": f"127.0.0.1:{page}",
        f"{manager}.scheduler.class": _SCHEDULER,
        "yarn.scheduler.minimum-allocation-mb": 128,
        **{
            f"{node}{role}.address": f"127.0.0.1:{free_port()}"
            for role in ("", ".localizer", ".webapp")
        },
        f"{node}.hostname": "127.0.0.1",
        f"{node}.resource.memory-mb": 4096,
        f"{node}.resource.cpu-vcores": 4,
        f"{node}.local-dirs": home / "local",
        f"{node}.log-dirs": home / "logs",
        f"{node}.process-kill-wait.ms": 1000,
        f"{node}.disk-health-checker.enable": "false",
        f"{node}.vmem-check-enabled": "false",
    }


def _start(home: Path, conf: Path, main: str) -> subprocess.Popen[bytes]:
    java = find_java()
    jars = JarCache().paths("yarn", java=java, jars=parse_lock(_LOCK.read_text())["yarn"])
    options = ("--add-opens=java.base/java.lang=ALL-UNNAMED",)  # as Hadoop's own scripts
    environment = {
        "PATH": os.environ["PATH"],
        "CLASSPATH": os.pathsep.join(map(str, (conf, *jars))),
        # Of the containers, which would find neither our code nor an interpreter by themselves.
        "JAVA_HOME": str(java.resolve().parents[1]),
        "PYSPARK_PYTHON": "/nowhere/python",
    }
    with (home / f"{main}.log").open("ab") as log:
        return subprocess.Popen(
            Jvm(JarCache()).command(f"{_MAIN}.{main}", heap_mb=256, options=options),
            cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _wait_for_node(page: int, home: Path) -> None:
    deadline = time.monotonic() + 120
    url = f"http://127.0.0.1:{page}/ws/v1/cluster/metrics"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if json.load(answer)["clusterMetrics"]["activeNodes"] == 1:
                    return
        except (OSError, ValueError):
            pass
        time.sleep(0.3)
    logs = "".join(path.read_text() for path in home.glob("*.log"))
    raise AssertionError(f"YARN does not start: {logs[-4000:]}")


if __name__ == "__main__":
    _LOCK.write_text(lock(ROOTS, command="python -m tests.yarn_cluster"))
