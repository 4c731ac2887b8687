"""Why the log does not go on: in doubt it stops and says so. What the two kinds of reasons have in common, nothing else."""

from __future__ import annotations


class LogStoppedError(Exception):
    """Nothing can be put into the log now; the message says why and what to do. What waits for it stays as it is."""


class DoubtError(LogStoppedError):
    """Going on might write a second history, or one that nobody believes: a person has to decide."""
