"""Which RPZ zones have a say about one part of a query, before the steps of ``verdict`` look at it.

A zone is a list with a kind, and speaks at the step of its kind: precedence between kinds is that of DESIGN.md section 5,
whatever the zones' order. Among the zones of one kind that are in force for the policy:

- The earliest stage wins, whatever the order: what a zone says about the client, then about the name asked for, then
  about each target that its answer leads to, then about the answer's addresses. No zone waits for an upstream.
- At one stage they speak in the order of the configuration.
- The first that speaks ends the others, at this stage and at all later ones, PASSTHRU included. TCP-only is PASSTHRU for
  whoever has come by TCP.
- A zone that is being tried out (COUNT) is passed over; so it is put before those that would end it.

PASSTHRU says nothing about plain lists, nor about zones of other kinds, and of an illegal list it lifts that list only:
one authority does not lift what another has listed. Who wants a list that lifts what the others block makes it one of
kind protected. Within a zone the compiler has decided already: the nearest trigger, the longest prefix.
"""

from __future__ import annotations

from typing import NamedTuple

from blocklists.model import Action
from resolver.policy.model import Masks, Policy


class Heard(NamedTuple):
    """``bits`` are those that are left for the steps, at most one zone's of each kind but for illegal lists;
    ``silenced`` the zones' bits that are out for the rest of the query; ``passed`` the bits of the zones that have spoken
    and let pass, or only counted.
    """

    bits: int
    silenced: int = 0
    passed: int = 0


def hear(bits: int, policy: Policy, masks: Masks, *, over_tcp: bool, silenced: int = 0) -> Heard:
    """Let the zones among ``bits`` speak; those of ``silenced`` are out already."""
    zones = bits & masks.zones & ~silenced
    in_force = policy.block | policy.security | masks.illegal
    kept = (bits & ~masks.zones) | (zones & policy.only & ~in_force)
    passed = 0
    left = zones & in_force
    while left:
        value = left & -left
        left ^= value
        bit = value.bit_length() - 1
        action = masks.actions[bit][1]
        if action is Action.COUNT:
            passed |= value
            continue
        left &= ~masks.peers[bit]
        if action is Action.ALLOW or (action is Action.TCP_ONLY and over_tcp):
            passed |= value
            silenced |= masks.peers[bit]
        else:
            kept |= value
    return Heard(kept, silenced, passed)
