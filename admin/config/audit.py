"""The section about the public log. Field docstrings are the manual."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator

from admin.config.fields import Section, WebAddress, between, between_or_off, key
from admin.config.list_sections import SecretRef
from admin.config.problems import fault, shown
from admin.config.values import Duration

_ORIGIN = re.compile(r"[a-z0-9]([a-z0-9._/-]{0,118}[a-z0-9])?", re.ASCII)


def _origin(value: object) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not _ORIGIN.fullmatch(value) or "//" in value:
        raise fault(
            f"{shown(value)} is no name of a log; write small letters, digits and `._/-`, for example filter.isp.example/log"
        )
    return value


Kept = Annotated[Duration | Literal["off"], between_or_off("90d", "3650d")]
"""How long something is kept, or for ever."""


class AuditConfig(Section):
    """The public log: what was blocked, since when and by whose decision, for everybody to check."""

    origin: Annotated[str, BeforeValidator(_origin)] = key("", example="filter.isp.example/log")
    """The name under which the log is known, without a scheme; the year is put behind it, for every year has a log of its
    own. By default made of `node`, as that was when the log was begun. A log that has begun keeps its name: to begin one under
    another, move the folder `log` in `data_dir` away."""
    url: WebAddress = key("", example="https://filter.isp.example/log/", words="a web address")
    """Where others find the log; stands in its policy.txt. Not needed for anything here."""
    heartbeat: Annotated[Duration, between("1m", "23h")] = key(Duration.parse("12h"), example="12h")
    """After so long without anything to tell the log says that there is nothing to tell. Whoever checks it calls silence of
    more than a day a gap."""
    keep_private: Kept = key(Duration.parse("1095d"), example="1095d", words="a duration, or off")
    """How long events keep who did something and why, and the openings that tie that to the public log (90d to 3650d); then
    it is erased, and the log stays as it is. `off` keeps it for ever. `weir audit erase` erases sooner, with two persons."""
    next_key: SecretRef | None = key(
        None, example="credential:log-key-next", words="a path or credential:NAME"
    )
    """The key that is to follow `key`: from now on both sign, and `key` is retired 30 days later. Write it to `key` then."""
    # Last, because from here on `key` is the field.
    key: SecretRef | None = key(None, example="credential:log-key", words="a path or credential:NAME")
    """Where the key lies that signs the log: 32 random bytes, raw or as 64 hexadecimal digits, in a file that its owner alone
    may read or, better, a systemd credential. Without it Weir takes the credential `log-key` if systemd hands it one, or
    else makes a key of its own in `data_dir`. Whoever has it can sign another history in your name."""

    @property
    def kept_for(self) -> float | None:
        """Seconds for which private parts are kept; None is for ever."""
        return None if self.keep_private == "off" else self.keep_private.seconds
