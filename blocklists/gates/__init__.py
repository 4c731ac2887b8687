"""What a new version of a list must pass before it may serve. Pure: one file per kind of gate.

Two moments: ``inspect_bytes`` before any parsing (is this a list at all?), ``judge`` on what was read (is this the list
that we know?). A failure says what happened with numbers and what to do. Its words never carry text of the list; names
of public lists stand apart as examples.
"""

from blocklists.gates.content import inspect_bytes
from blocklists.gates.failures import SHORTEST_DIGEST, Gate, GateFailure, release_advice
from blocklists.gates.judging import judge
from blocklists.gates.names import notices

__all__ = [
    "SHORTEST_DIGEST",
    "Gate",
    "GateFailure",
    "inspect_bytes",
    "judge",
    "notices",
    "release_advice",
]
