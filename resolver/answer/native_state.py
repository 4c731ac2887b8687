"""The core's state of one generation: what ``resolver.core`` must know of it, in the form that C takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from blocklists.model import Action
from resolver.answer.generation import Generation
from resolver.answer.reply import TYPE_A, TYPE_AAAA
from resolver.core import native
from resolver.core.settings import ActionBit, Limits, StateSettings
from resolver.policy.model import Masks
from resolver.tables.model import RateLimit

_ACTIONS = {
    Action.NXDOMAIN: native.ACTION_NXDOMAIN,
    Action.NODATA: native.ACTION_NODATA,
    Action.DROP: native.ACTION_DROP,
    Action.TCP_ONLY: native.ACTION_TCP_ONLY,
    Action.LOCAL_DATA: native.ACTION_OTHER,
    Action.ALLOW: native.ACTION_ALLOW,
    Action.COUNT: native.ACTION_COUNT,
}


@dataclass(frozen=True, slots=True)
class StateFiles:
    """Where a generation's compiled lists, clients' tables and, if there are any, the lists' changes are; and the key
    without which the core refuses compiled lists of which some are secret.
    """

    lists: Path
    tables: Path
    overlay: Path | None = None
    index_key: bytes | None = field(default=None, repr=False)


def settings_of(
    generation: Generation, limits: Limits | None = None, cookie_secrets: tuple[bytes, ...] = ()
) -> StateSettings:
    """What a state needs besides its files. Without ``limits`` there are none."""
    masks = generation.view.masks
    return StateSettings(
        gateway_ipv4=generation.gateway[TYPE_A],
        gateway_ipv6=generation.gateway[TYPE_AAAA],
        udp_payload=generation.limit,
        stale_ms=round(generation.view.tables.resolver.serve_stale * 1000),
        illegal=masks.illegal,
        illegal_orders=masks.illegal_orders,
        protected=masks.protected,
        actions=_action_bits(masks),
        clients=masks.clients,
        named=generation.named,
        secret=generation.watched,
        ede=tuple(generation.codes.items()),
        apexes=tuple(sorted(generation.zones.apexes)),
        limits=limits or Limits(),
        cookie_secrets=cookie_secrets,
    )


def limits_of(settings: RateLimit) -> Limits:
    """The configured response-rate limit."""
    return Limits(
        settings.served, settings.strangers, settings.ipv4_prefix, settings.ipv6_prefix, settings.slip
    )


@dataclass(frozen=True, slots=True)
class HitWords:
    """Where a core counts: ``hits`` has all of them by bit, ``day_hits`` today's by group as far as ``clamp`` counts them,
    and ``groups`` the group of each bit.
    """

    hits: memoryview
    day_hits: memoryview
    clamp: native.Clamp
    groups: bytes


def open_state(
    files: StateFiles, settings: StateSettings, *, words: HitWords | None = None, verify: bool = True
) -> native.State:
    """Map a generation's files for the core, which counts in ``words``. OSError, CoreError and ValueError as
    ``native.State``.
    """
    return native.State(
        files.lists,
        files.tables,
        settings,
        overlay=files.overlay,
        hits=None if words is None else words.hits,
        day_hits=None if words is None else words.day_hits,
        clamp=None if words is None else words.clamp,
        groups=None if words is None else words.groups,
        verify=verify,
        index_key=files.index_key,
    )


def _action_bits(masks: Masks) -> tuple[ActionBit, ...]:
    return tuple(
        ActionBit(
            bit,
            _ACTIONS.get(action, native.ACTION_BLOCK),
            masks.feeds.get(list_id, 0),
            masks.peers.get(bit, 0),
        )
        for bit, (list_id, action) in masks.actions.items()
    )
