"""What there is to test at one moment: lists with their canaries, the addresses that are listened on, where to ask from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from admin.api.appliance import ListCondition
from admin.config import Config
from admin.config.endpoints import HostPort
from admin.services.build import selftest_sources, sources, worker_count
from admin.services.probes import PAGE, Expected, Outcome, expected
from blocklists.enforcement import Enforced
from blocklists.model import Kind, ListSource

FLOWS_PER_WORKER = 3
"""UDP questions from different ports, which the kernel spreads over the workers' sockets."""
MOST_FLOWS = 48
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, and where this box then reaches itself

LISTENERS: Mapping[str, Callable[[Config], Iterable[HostPort]]] = MappingProxyType(
    {
        "udp": lambda config: config.resolver.listen,
        "tcp": lambda config: config.resolver.listen,
        PAGE: lambda config: config.gateway.listen,
    }
)
"""Every transport by which this box enforces, and where it listens for it. One that is added here is tested, once
``probe_transports`` knows how to ask over it, and stands in every certificate.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask: over a transport, at ``target`` (as configured) by way of ``host``, from ``origin``."""

    list_id: str
    canary: str
    wanted: Expected
    transport: str
    target: HostPort
    host: str
    origin: str
    flows: int = 1


@dataclass(frozen=True, slots=True)
class Unasked:
    """A list that is not asked about, and why."""

    list_id: str
    outcome: Outcome
    words: str
    transport: str = ""
    target: str = ""


def to_do(config: Config, conditions: Iterable[ListCondition]) -> tuple[Question | Unasked, ...]:
    """Everything that a round asks, or has to say without asking. Lists without a canary are left out."""
    known = {item.id: item for item in conditions}
    found: list[Question | Unasked] = []
    for source in sources(config):
        if not source.handling.canary:
            continue
        reason = _not_now(source, known.get(source.id))
        wanted = expected(source, str(config.gateway.answer.ipv4))
        if reason is not None:
            found.append(Unasked(source.id, *reason))
        elif wanted is None:
            found.append(Unasked(source.id, Outcome.UNKNOWN, _untellable(source)))
        else:
            found += _everywhere(config, source, wanted)
    return tuple(found)


def _not_now(source: ListSource, condition: ListCondition | None) -> tuple[Outcome, str] | None:
    if condition is None or not condition.loaded:
        return Outcome.UNKNOWN, "the list has never been loaded, so nothing of it is enforced"
    if condition.enforced == Enforced.NOTHING:
        suspended = condition.suspension is not None
        return Outcome.OFF, "somebody suspended the list" if suspended else "the list is past its maximum age"
    if not condition.in_force:
        return Outcome.UNKNOWN, "the list is being compiled; it is asked for in the next round"
    return None


def _untellable(source: ListSource) -> str:
    if source.kind is Kind.PROTECTED:
        return "a list of protected names blocks nothing that could be seen"
    return f"the override {source.fetching.rpz.override} gives no answer that could be told from another"


def _everywhere(config: Config, source: ListSource, wanted: Expected) -> list[Question | Unasked]:
    origins = {version: str(net.network_address) for version, net in selftest_sources(config).items()}
    flows = min(MOST_FLOWS, FLOWS_PER_WORKER * worker_count(config))
    found: list[Question | Unasked] = []
    for transport, listeners in LISTENERS.items():
        for target in listeners(config):
            host = ANY.get(target.host, target.host)
            origin = origins.get(6 if ":" in host else 4)
            if origin is None:
                words = "no address to ask from; set telemetry.selftest_source to one that no subscriber has"
                found.append(Unasked(source.id, Outcome.UNKNOWN, words, transport, str(target)))
                continue
            found.append(
                Question(
                    source.id,
                    source.handling.canary,
                    wanted,
                    transport,
                    target,
                    host,
                    origin,
                    flows if transport == "udp" else 1,
                )
            )
    return found
