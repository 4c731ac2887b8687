"""How every process of the appliance logs: one line per event to standard error, written whole.

Nothing is logged per query, and no event names a person, a name asked for, or an entry. Under journald a line begins
with its priority as sd-daemon(3) has it and leaves the time to the journal; elsewhere it begins with the time in UTC.
Tracebacks come without the values of variables.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Let what is imported within find that an optional package is not installed."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # what the import system takes for "not there"
    try:
        yield
    finally:
        del sys.modules[package]


# structlog looks for Rich on behalf of its coloured console, which no process of ours uses: without it every process
# starts 50 ms of CPU time sooner. So loggers are had from here, and nothing else imports structlog.
with _without("rich"):
    import structlog

_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def get_logger(name: str) -> Any:
    """A logger for one module; it may be made before ``configure_logs``."""
    return structlog.get_logger(name)


def configure_logs(
    process: str, *, output: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> None:
    """Log as ``process`` (``control``, ``gateway``, ``worker-0``) from now on, to standard error by default."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _renderer(process, journal="JOURNAL_STREAM" in environ),
        ],
        logger_factory=structlog.WriteLoggerFactory(output or sys.stderr),
        cache_logger_on_first_use=False,
    )


def _renderer(process: str, *, journal: bool) -> Callable[[Any, str, MutableMapping[str, Any]], str]:
    def render(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        level = event.pop("level")
        message, trace = event.pop("event"), event.pop("exception", "")
        fields = "".join(f" {key}={_value(value)}" for key, value in event.items())
        lines = [f"{process}: {level}: {message}{fields}", *trace.splitlines()]
        if journal:
            return "\n".join(f"<{_PRIORITY[level]}>{line}" for line in lines)
        return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} " + "\n    ".join(lines)

    return render


def _value(value: object) -> str:
    text = str(value)
    return text if text and not any(letter in text for letter in " ='\"\n") else repr(text)
