"""What is told of secret lists and of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from admin.services.redaction import Shown, redacted
from blocklists.model import Confidentiality, Kind, ListCounts, ListSource
from blocklists.records import Held, ListState, ListStatus

OPEN = ListSource("watch", "https://lists.example/w", "domains", Kind.ILLEGAL)
SECRET = replace(OPEN, confidentiality=Confidentiality.SECRET)
HELD = Held("0123456789abcdef" * 4, 1.0, ListCounts(), ())


def status(state: ListState, held: Held | None = None) -> ListStatus:
    return ListStatus("watch", state, "1,234 entries.", serving_digest="d" * 64, entries=1234, held=held)


@pytest.mark.parametrize("state", ListState)
def test_of_an_open_list_all_is_told(state: ListState) -> None:
    assert redacted(OPEN, status(state)) == Shown(1234, "d" * 64, "1,234 entries.", {})


@pytest.mark.parametrize(
    ("state", "held", "message"),
    [
        (ListState.ACCEPTED, None, "A new version serves."),
        (ListState.UNCHANGED, None, "No change."),
        (ListState.HELD, None, "A new version is held back by the gates."),
        (
            ListState.HELD,
            HELD,
            "A new version is held back by the gates. If this is meant, run `weir lists release watch 0123456789ab`.",
        ),
    ],
)
def test_of_a_secret_list_only_how_it_went(state: ListState, held: Held | None, message: str) -> None:
    assert redacted(SECRET, status(state, held)) == Shown(None, None, message)


def test_a_failure_says_why() -> None:
    failed = replace(status(ListState.FAILED), message="/lists/watch.txt: no such file.")
    assert redacted(SECRET, failed).message == "/lists/watch.txt: no such file."
