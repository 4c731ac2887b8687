"""What to run when some of the addresses of a layout cannot be had. Pure.

An address counts as one whether UDP, TCP or both are missing: half of a DNS server misleads clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from admin.supervisor.fleet import Program
from resolver.runtime.sockets import Address


def failures(problems: Mapping[Address, str]) -> tuple[str, ...]:
    """One sentence for each address."""
    said: dict[tuple[str, str], str] = {}
    for address, words in problems.items():
        said.setdefault(_place(address), words)
    return tuple(said.values())


def possible(program: Program, running: Program | None, problems: Iterable[Address]) -> Program | None:
    """``program`` on the addresses that can be had; None if there are none.

    While any is missing, those that the ``running`` one serves are kept: nobody can say which of them it replaces.
    """
    missing = {_place(address) for address in problems} & {_place(address) for address in program.addresses}
    if not missing:
        return program
    kept = () if running is None else running.addresses
    had = [address for address in program.addresses if _place(address) not in missing]
    addresses = tuple(dict.fromkeys([*kept, *had]))
    return replace(program, addresses=addresses) if addresses else None


def _place(address: Address) -> tuple[str, str]:
    return address.key, address.text
