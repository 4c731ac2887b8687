"""What a worker is set up with: its sockets, its limits, and what it asks of the kernel. Nothing here serves.

Settings become what the parts of a worker take; who puts the parts together is ``worker``.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from resolver.cookies import MASTER_OCTETS, master_secret
from resolver.core.native import short_turns
from resolver.listeners.tcp import TcpLimits
from resolver.runtime.logs import get_logger
from resolver.runtime.sockets import Address, Use, inherited, listen_all
from resolver.tables.model import ResolverSettings

GC_THRESHOLDS = (100_000, 50, 100)
"""Thousands of queries that wait are thousands of live objects and no garbage: by default the collector would look at
them again for every few hundred new ones. Hardly anything that serving makes is in a cycle."""

_log = get_logger("weir.worker")


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """The folders of published state and of the counter pages, and the file of the log's keys, if only logged states are
    to be taken.
    """

    state: Path
    run: Path
    log_keys: Path | None = None


def worker_sockets(settings: ResolverSettings) -> dict[Use, list[socket.socket]]:
    """Those that the parent passed, or our own. SocketError if one cannot be had."""
    passed = inherited(os.environ, Use.UDP, Use.TCP)
    if any(passed.values()):
        return passed
    return {
        use: listen_all(Address(use, text, "resolver.listen") for text in settings.listen) for use in passed
    }


def max_waiting(settings: ResolverSettings) -> int:
    """Twice what the exchange takes: it turns away first, and has a stale answer where there is one."""
    return 2 * settings.max_in_flight


def share(settings: ResolverSettings) -> ResolverSettings:
    """The settings of one worker of several: the configured cache size is that of the whole box."""
    return replace(settings, cache_size=settings.cache_size // max(settings.workers, 1))


def raise_file_limit() -> None:
    """Every question in flight has a socket of its own, so the soft limit of 1,024 files is too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def ask_for_short_turns() -> None:
    """Before any thread is started, so that all have them: a compilation beside us must not keep packets waiting."""
    try:
        short_turns()
    except OSError as error:
        _log.warning("the kernel grants no short turns; serving all the same", reason=str(error))


def tcp_limits(settings: ResolverSettings) -> TcpLimits:
    """The bounds of TCP connections."""
    return TcpLimits(settings.tcp_idle_timeout, settings.tcp_per_client, settings.tcp_total)


def keep_from_collector() -> None:
    """What is alive after a change of generation mostly stays for long: the collector need not walk it again and again.

    What is frozen is freed all the same when its last reference goes; garbage in cycles is looked for before.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    gc.collect()
    gc.freeze()


def cookie_master(run: Path) -> bytes:
    """The box's, or without one that can be kept our own: then only this worker believes its cookies."""
    try:
        return master_secret(run, os.urandom)
    except OSError as error:
        _log.warning("the cookie secret cannot be shared with the other workers", reason=str(error))
        return os.urandom(MASTER_OCTETS)
