"""What one supervisor runs, for every selection of parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.services.layout import Layout
from admin.services.parts import Part
from admin.services.place import Place
from admin.supervisor.fleet import Program
from admin.supervisor.plan import CONTROL, Plan, Programs
from resolver.runtime.priority import BEHIND_QUERIES
from resolver.runtime.sockets import Address, Use

PROGRAMS = Programs(("control",), ("gateway",), ("resolver",))


def test_what_a_layout_asks_for() -> None:
    layout = Layout(1, ("127.0.0.1:53", "[::1]:53"), 2, ("127.0.0.1:80",))
    wanted = Plan(Place(Path("/x")), PROGRAMS).wanted(layout)
    assert set(wanted) == {"resolver-0", "resolver-1", "gateway"}
    assert wanted["resolver-1"].command == ("resolver", "--slot", "1")
    assert wanted["resolver-1"].addresses == tuple(
        Address(use, text, "resolver.listen")
        for text in ("127.0.0.1:53", "[::1]:53")
        for use in (Use.UDP, Use.TCP)
    )
    assert wanted["gateway"].addresses == (Address(Use.HTTP, "127.0.0.1:80", "gateway.listen"),)


@pytest.mark.parametrize(
    ("parts", "slot", "names", "control"),
    [
        ({Part.RESOLVER}, 5, {"resolver-5"}, False),
        ({Part.RESOLVER}, None, {"resolver-0", "resolver-1"}, False),
        ({Part.GATEWAY}, None, {"gateway"}, False),
        ({Part.ADMIN}, None, set(), True),
    ],
)
def test_parts(parts: set[Part], slot: int | None, names: set[str], control: bool) -> None:
    plan = Plan(Place(Path("/x")), PROGRAMS, frozenset(parts), slot)
    assert set(plan.wanted(Layout(1, ("127.0.0.1:53",), 2, ("127.0.0.1:80",)))) == names
    assert (plan.control(is_served=False) is not None) == control
    assert plan.data_plane != control
    assert CONTROL not in names


@pytest.mark.parametrize(("is_served", "niceness"), [(False, 0), (True, BEHIND_QUERIES)])
def test_control_gives_way_where_somebody_is_served(is_served: bool, niceness: int) -> None:
    control = Plan(Place(Path("/x")), PROGRAMS).control(is_served=is_served)
    assert control == Program(("control",), judges=True, niceness=niceness)
