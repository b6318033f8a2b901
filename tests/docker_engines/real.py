"""A Docker Engine of our own: dockerd as a child process, without networks, in its own folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30


class CannotRun(Exception):
    """Why this machine runs no engine."""


@contextmanager
def real_engine() -> Iterator[str]:
    """The URL of a new engine, which ends with the block.

    Raises:
        CannotRun: it did not come up here.
    """
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    missing = [p for p in ("dockerd", "busybox", "setpriv") if not shutil.which(p, path=path)]
    if missing:
        raise CannotRun(f"{', '.join(missing)} not installed (docker.io, busybox-static)")
    if os.geteuid() != 0:
        raise CannotRun("dockerd needs root")
    # A socket's path may have 107 characters, fewer than some folders for temporary files have.
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/tmp"))
    command = [
        *("setpriv", "--pdeathsig", "TERM", "dockerd"),
        *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
        *("--host", f"unix://{folder}/socket", "--pidfile", f"{folder}/pid"),
        *("--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"),
    ]
    with (folder / "log").open("wb") as log:
        dockerd = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "PATH": path}
        )
    try:
        _wait(dockerd, folder)
        yield f"unix://{folder}/socket"
    finally:
        dockerd.terminate()
        try:
            dockerd.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            dockerd.kill()
            dockerd.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(dockerd: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and dockerd.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(f"{folder}/socket")
                client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                if b"200 OK" in client.recv(64):
                    return
            except OSError:
                pass
        time.sleep(0.1)
    lines = (folder / "log").read_text(errors="replace").splitlines()
    raise CannotRun(f"dockerd did not come up: {lines[-1] if lines else 'it said nothing'}")
