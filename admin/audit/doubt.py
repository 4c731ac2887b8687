"""Why the log does not go on: in doubt it stops and says so. What the two kinds of reasons have in common, nothing else."""

from __future__ import annotations

ANOTHER_LOG = (
    "begin another log: stop Weir, move the folder log out of data_dir and keep it, write another name to audit.origin, and "
    "start Weir"
)
"""The way out where nobody can end the log with a last leaf: the key is gone, or what it has signed is not known any more."""


class LogStoppedError(Exception):
    """Nothing can be put into the log now; the message says why and what to do. What waits for it stays as it is."""


class DoubtError(LogStoppedError):
    """Going on might write a second history, or one that nobody believes: a person has to decide."""
