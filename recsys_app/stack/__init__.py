"""The embedded default: real Kafka, HDFS, Redis-wire and MongoDB-wire servers as child processes.

Everything listens on loopback and keeps its data under one folder. This package knows nothing of
the service that uses the servers: it may import `recsys_app.errors` and no other module of it.
"""

from recsys_app.stack.ports import StackPorts
from recsys_app.stack.process import ServerStatus
from recsys_app.stack.progress import Reporter, console_reporter, silent_reporter
from recsys_app.stack.stack import SERVERS, Stack

__all__ = [
    "SERVERS",
    "Reporter",
    "ServerStatus",
    "Stack",
    "StackPorts",
    "console_reporter",
    "silent_reporter",
]
