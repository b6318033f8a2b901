"""The errors this project raises: few, and each with a sentence for the person who meets it."""

from __future__ import annotations


class RecsysError(Exception):
    """Something went wrong; the message says what, and what to do."""


class ConfigurationError(RecsysError):
    """A setting, a file or the machine is not as the service needs it."""


class BadDataError(RecsysError):
    """Data from outside cannot be processed; it becomes a dead letter, or the caller is told."""


class Unavailable(RecsysError):
    """A server this service depends on does not answer; trying again later may work."""

    def __init__(self, dependency: str, reason: object = "") -> None:
        super().__init__(f"{dependency} is not available" + (f": {reason}" if reason else ""))
        self.dependency = dependency


class ArchiveConflict(RecsysError):
    """The archive and the topic contradict each other; a person has to decide."""
