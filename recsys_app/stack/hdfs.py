"""HDFS as two processes: one NameNode, one DataNode."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Mapping

from recsys_app.errors import ConfigurationError, RecsysError
from recsys_app.stack.hadoop_conf import write_hadoop_conf
from recsys_app.stack.jvm import Jvm
from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import ServerProcess, ServerStatus, Surroundings

_HEAP_MB = 192


class _HdfsProcess(ServerProcess):
    """What NameNode and DataNode have in common: one configuration, one class path."""

    main: str
    niceness = 19

    def __init__(
        self, around: Surroundings, *, ports: StackPorts, own: Mapping[str, int], jvm: Jvm
    ):
        super().__init__(around, ports=own)
        self.home = around.home / "hdfs"
        self._all_ports = ports
        self._jvm = jvm
        self._conf = self.home / "conf" / self.name

    def fetch(self) -> None:
        self._jvm.class_path("hdfs")

    def prepare(self) -> None:
        if "%" in self.home.as_uri():
            # FsDatasetCache takes the escaped path for a format string and fails.
            raise ConfigurationError(
                f"HDFS cannot keep its data in {self.home}, because of a space or another special "
                "character in that path: set RECSYS_HOME to a folder without."
            )
        # Both servers look for their web pages on the class path and refuse to start without.
        for folder in ("hdfs", "datanode", "static"):
            (self._conf / "webapps" / folder).mkdir(parents=True, exist_ok=True)
        ports = self._all_ports
        core = {
            "fs.defaultFS": f"hdfs://127.0.0.1:{ports.namenode_rpc}",
            "hadoop.tmp.dir": self.home / "tmp",
        }
        write_hadoop_conf(self._conf, core_site=core, hdfs_site=self._hdfs_site())

    def _hdfs_site(self) -> dict[str, object]:
        ports = self._all_ports
        return {
            "dfs.replication": 1,
            "dfs.permissions.enabled": "false",
            "dfs.namenode.name.dir": (self.home / "name").as_uri(),
            "dfs.namenode.rpc-address": f"127.0.0.1:{ports.namenode_rpc}",
            "dfs.namenode.http-address": f"127.0.0.1:{ports.namenode_http}",
            "dfs.namenode.datanode.registration.ip-hostname-check": "false",
            "dfs.namenode.safemode.extension": 0,
            "dfs.namenode.handler.count": 8,
            "dfs.datanode.data.dir": (self.home / "data").as_uri(),
            "dfs.datanode.hostname": "127.0.0.1",
            "dfs.datanode.address": f"127.0.0.1:{ports.datanode_data}",
            "dfs.datanode.http.address": f"127.0.0.1:{ports.datanode_http}",
            "dfs.datanode.ipc.address": f"127.0.0.1:{ports.datanode_ipc}",
            "dfs.datanode.synconclose": "true",
            "dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
        }

    def command(self) -> list[str]:
        return self._jvm.command(self.main, heap_mb=_HEAP_MB)

    def environment(self) -> dict[str, str]:
        return {"CLASSPATH": f"{self._conf}{os.pathsep}{self._jvm.class_path('hdfs')}"}


class NameNode(_HdfsProcess):
    """The process that knows which files there are."""

    name = "namenode"
    title = "HDFS NameNode"
    main = "org.apache.hadoop.hdfs.server.namenode.NameNode"

    def __init__(self, around: Surroundings, *, ports: StackPorts, jvm: Jvm) -> None:
        own = {"http": ports.namenode_http, "rpc": ports.namenode_rpc}
        super().__init__(around, ports=ports, own=own, jvm=jvm)

    def prepare(self) -> None:
        super().prepare()
        if not (self.home / "name").exists():
            self._format()

    def _format(self) -> None:
        """Format beside the name folder and rename, so that a half-formatted one is never used."""
        new = self.home / "name.new"
        shutil.rmtree(new, ignore_errors=True)
        option = f"-Ddfs.namenode.name.dir={new.as_uri()}"
        command = self._jvm.command(self.main, heap_mb=_HEAP_MB)
        done = subprocess.run(
            [*command, option, "-format", "-force", "-nonInteractive"],
            env={**os.environ, **self.environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not new.exists():
            raise RecsysError(f"HDFS could not format {new}: {done.stdout}{done.stderr}")
        new.rename(self.home / "name")

    def answers(self) -> bool:
        return self.state() is not None

    def state(self) -> dict[str, object] | None:
        """What the NameNode says of the file system, or None if it does not answer."""
        connection = http.client.HTTPConnection(self.address, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState")
                beans = json.load(connection.getresponse())["beans"]
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                return None
        return beans[0] if beans else None


class DataNode(_HdfsProcess):
    """The process that holds the files' blocks."""

    name = "datanode"
    title = "HDFS DataNode"
    main = "org.apache.hadoop.hdfs.server.datanode.DataNode"

    def __init__(
        self, around: Surroundings, *, ports: StackPorts, namenode: NameNode, jvm: Jvm
    ) -> None:
        own = {"data": ports.datanode_data, "http": ports.datanode_http, "ipc": ports.datanode_ipc}
        super().__init__(around, ports=ports, own=own, jvm=jvm)
        self._namenode = namenode

    def answers(self) -> bool:
        """Whether the NameNode can place a block here and has left its safe mode."""
        state = self._namenode.state() or {}
        return (
            state.get("NumLiveDataNodes") == 1
            and state.get("FSState") == "Operational"
            and state.get("CapacityTotal") != 0
        )


class Hdfs:
    """NameNode and DataNode, started and ended together."""

    name = "hdfs"
    title = "HDFS"

    def __init__(self, around: Surroundings, *, ports: StackPorts, jvm: Jvm) -> None:
        self.namenode = NameNode(around, ports=ports, jvm=jvm)
        self.datanode = DataNode(around, ports=ports, namenode=self.namenode, jvm=jvm)

    @property
    def own(self) -> bool:
        return self.namenode.own or self.datanode.own

    def fetch(self) -> None:
        """Download what both are made of, if need be."""
        self.namenode.fetch()

    def start(self) -> None:
        """Start both and wait until a file can be written."""
        self.namenode.launch()
        self.datanode.launch()
        self.namenode.wait_ready()
        self.datanode.wait_ready()

    def stop(self) -> None:
        self.datanode.stop()
        self.namenode.stop()

    def kill(self) -> None:
        self.datanode.kill()
        self.namenode.kill()

    def pause(self) -> None:
        self.namenode.pause()
        self.datanode.pause()

    def resume(self) -> None:
        self.namenode.resume()
        self.datanode.resume()

    def statuses(self) -> list[ServerStatus]:
        return [self.namenode.status(), self.datanode.status()]
