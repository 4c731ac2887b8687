"""On what terms a generation comes into force. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from admin.services.build import EVERYTHING, EnforcedLists


@dataclass(frozen=True, slots=True)
class Terms:
    """What is enforced of the lists, and what proves to the data plane that this state is in the log."""

    enforced: EnforcedLists = field(default_factory=lambda: EVERYTHING)
    proof: bytes = b""
    """The content of the generation's proof file (``resolver.tlog.state_proof``); empty where no log is kept."""


UNLOGGED = Terms()
"""Everything is enforced and no log is kept: for tests, and for tables that no worker reads."""
