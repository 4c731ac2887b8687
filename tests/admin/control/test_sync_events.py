"""What is announced of updates, and what never is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from admin.audit.events import EventKind
from admin.control.sync_events import NO_NEWS, News, noted
from blocklists.gates import Gate, GateFailure
from blocklists.model import Confidentiality, Disposition, Kind, ListCounts, ListSource
from blocklists.properties import Handling, Publish
from blocklists.records import Held, ListLife, Serving
from blocklists.sync import ListState, RefreshOutcome

COUNTS = ListCounts(lines=41, accepted=40, entries=40, dispositions={Disposition.DNS: 40})
NUMBERS = {"entries", "rejected", "bytes", "entries_dns"}


def only(life: ListLife) -> dict[str, Any]:
    """The one event that is announced."""
    (told,) = life.pending
    event: dict[str, Any] = json.loads(told)["event"]
    return event


def listed(confidentiality: Confidentiality) -> ListSource:
    return ListSource("watch", "file:/watch", "domains", Kind.ILLEGAL, confidentiality=confidentiality)


@pytest.mark.parametrize("confidentiality", Confidentiality)
def test_a_new_version_is_announced_with_numbers_unless_the_list_is_secret(
    confidentiality: Confidentiality,
) -> None:
    newest = Serving("d" * 64, 700, 5.0, COUNTS)
    outcome = RefreshOutcome(ListState.ACCEPTED, "A new version with 40 entries.")
    life = noted(ListLife(), listed(confidentiality), outcome, newest, None, 6.0)
    assert life is not None
    event = only(life)
    assert (event["kind"], event["after"]) == (EventKind.LIST_SYNCED, "d" * 64)
    expected = set() if confidentiality is Confidentiality.SECRET else NUMBERS
    assert NUMBERS & set(event["detail"]) == expected


@pytest.mark.parametrize("confidentiality", Confidentiality)
def test_a_held_version_is_announced_with_its_gates_and_of_a_secret_list_without_numbers(
    confidentiality: Confidentiality,
) -> None:
    failure = GateFailure(Gate.GROWTH, "It has 40 entries, 2 before.", "Look at it.")
    held = Held("e" * 64, 5.0, COUNTS, (failure,), "")
    outcome = RefreshOutcome(ListState.HELD, "It has 40 entries, 2 before.")
    life = noted(ListLife(), listed(confidentiality), outcome, None, held, 6.0)
    assert life is not None
    event = only(life)
    assert event["kind"] == EventKind.LIST_HELD
    assert event["detail"]["gates"] == "growth"
    assert ("entries" in event["detail"]) == (confidentiality is not Confidentiality.SECRET)


@pytest.mark.parametrize("confidentiality", Confidentiality)
@pytest.mark.parametrize("publish", Publish)
def test_what_the_log_publishes_of_a_new_version(confidentiality: Confidentiality, publish: Publish) -> None:
    source = replace(listed(confidentiality), handling=Handling(publish=publish))
    newest = Serving("d" * 64, 700, 5.0, COUNTS)
    outcome = RefreshOutcome(ListState.ACCEPTED, "A new version.")
    life = noted(ListLife(), source, outcome, newest, None, 6.0, News("f" * 64, (3, 4)))
    assert life is not None
    detail = only(life)["detail"]
    assert detail.get("ref") == ("f" * 64 if publish is Publish.ROOT else None)
    is_secret = confidentiality is Confidentiality.SECRET
    is_told = publish is Publish.COUNT if is_secret else publish is not Publish.NONE
    assert (detail["publish"] != "none") is is_told
    numbers = {key: detail[key] for key in ("entries", "added", "removed") if key in detail}
    assert numbers == ({"entries": 40, "added": 3, "removed": 4} if not is_secret or is_told else {})


def test_without_news_nothing_is_told() -> None:
    newest = Serving("d" * 64, 700, 5.0, COUNTS)
    outcome = RefreshOutcome(ListState.ACCEPTED, "A new version.")
    life = noted(ListLife(), listed(Confidentiality.PUBLIC), outcome, newest, None, 6.0, NO_NEWS)
    assert life is not None
    assert not {"ref", "added", "removed"} & set(only(life)["detail"])
