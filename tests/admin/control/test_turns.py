"""Which lists wait for each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from admin.control.turns import turn_of
from blocklists.model import Kind, ListSource
from blocklists.properties import Fetching, Transfer

PLAIN = ListSource("x", "https://lists.example:8443/a", "domains", Kind.CATEGORY)


@pytest.mark.parametrize(
    ("source", "turn"),
    [
        (PLAIN, "lists.example:8443"),
        (replace(PLAIN, url="file:/etc/list"), ""),
        (
            replace(PLAIN, fetching=Fetching(transfer=Transfer("rpz", ("192.0.2.1:53", "192.0.2.2:53")))),
            "192.0.2.1",
        ),
        (replace(PLAIN, fetching=Fetching(transfer=Transfer("rpz", ("[2001:db8::1]:53",)))), "[2001:db8::1]"),
    ],
)
def test_one_server_is_one_turn(source: ListSource, turn: str) -> None:
    assert turn_of(source) == turn
