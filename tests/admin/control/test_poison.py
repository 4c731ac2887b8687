"""A poisoned update never serves, and the report says why in words that an operator understands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admin.control.controller import Controller
from admin.services.actors import Actor, ActorKind
from admin.services.acts import Act
from blocklists.popular import built_in_ranking, parse_ranking
from blocklists.suffixes import public_suffixes

GOOD = "".join(f"site-{n}.bets.example\n" for n in range(400)).encode()
TOPLIST = Path(__file__).parents[3].parent / "shared" / "data" / "toplists" / "tranco-2025-01-top10k.txt"
LIST = '{{id: watch, url: "https://lists.example/watch", format: domains, kind: {kind}, categories: [gambling]{more}}}'
KINDS = {"category": "", "security": "", "illegal": ", confidentiality: secret"}
OPERATOR = Actor.of_the_box(ActorKind.LOCAL, "ada")
ACT = Act(OPERATOR, 1.0)


@dataclass(frozen=True)
class Poison:
    """A text that must not serve, and words that its report must have."""

    text: bytes
    gate: str
    words: str
    kinds: tuple[str, ...] = ("category", "security", "illegal")


POISONS = {
    "a top-level domain": Poison(GOOD + b"com\n", "suffixes", "1 entry is a whole top-level domain"),
    "a public suffix": Poison(GOOD + b"co.uk\n", "suffixes", "or public suffix"),
    "a private suffix": Poison(GOOD + b"||github.io^\n*.github.io\n", "suffixes", "or public suffix"),
    "popular names": Poison(
        GOOD + "\n".join(built_in_ranking()[:90]).encode(), "popular", "most popular names that the version"
    ),
    "one popular name": Poison(GOOD + b"wikipedia.org\n", "popular", "1 of the 613 most popular names"),
    "a certificate authority": Poison(
        GOOD + b"ocsp.digicert.com\n",
        "protected",
        "1 of the group certificate-status",
        ("security", "illegal"),
    ),
    "below a helpline": Poison(
        GOOD + b"chat.childline.org.uk\n", "protected", "1 of the group help", ("security", "illegal")
    ),
    "the operator's own": Poison(
        GOOD + b"isp.example\n", "protected", "1 of the group operator", ("security", "illegal")
    ),
    "an empty file": Poison(b"", "empty", "None of the 0 lines gives an entry"),
    "comments alone": Poison(b"# gone\n", "empty", "None of the 1 lines gives an entry"),
    "half the size": Poison(GOOD[: len(GOOD) // 2], "shrink", "The list shrank by"),
    "twice the size": Poison(GOOD + GOOD.replace(b"site", b"more"), "growth", "The list grew by 100%"),
    "lines of nothing": Poison(b"?? ?? ??\n" * 300 + GOOD, "errors", "are not in the format domains"),
}
CASES = [(name, kind) for name, poison in POISONS.items() for kind in poison.kinds]


async def _started(world: Any, kind: str) -> Controller:
    world.suffixes = public_suffixes()
    world.write(LIST.format(kind=kind, more=KINDS[kind]), more="admin: {gates: {never: [pay.isp.example]}}\n")
    world.sources.texts = {"watch": GOOD}
    controller: Controller = world.controller()
    await controller.start()
    return controller


async def _update(world: Any, controller: Controller, text: bytes) -> None:
    world.sources.texts = {"watch": text}
    controller._fetching.begin("watch")
    await controller._fetching.running["watch"]
    await controller._step()


@pytest.mark.parametrize(("name", "kind"), CASES, ids=lambda value: value.replace(" ", "-"))
async def test_it_is_held_and_the_good_version_serves(world: Any, name: str, kind: str) -> None:
    poison = POISONS[name]
    controller = await _started(world, kind)
    before = await controller.view()
    await _update(world, controller, poison.text)
    (condition,) = controller.condition().lists
    assert condition.state == "held"
    after = await controller.view()
    assert after.tables.snapshot == before.tables.snapshot
    report = await controller.inspections.held(OPERATOR, "watch")
    found = {gate.gate.value: gate for gate in report.gates}
    assert poison.gate in found
    assert found[poison.gate].title
    assert "weir lists release watch" in found[poison.gate].remedy
    if kind != "illegal" or poison.gate in {"suffixes", "protected", "popular"}:
        assert poison.words in found[poison.gate].message
    if kind == "illegal":
        assert not any(gate.examples for gate in report.gates)
        assert (report.entries, report.examples) == (None, ())


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_on_the_disk_tells_what_a_secret_list_was_poisoned_with(world: Any, kind: str) -> None:
    controller = await _started(world, kind)
    await _update(world, controller, GOOD + b"wikipedia.org\nocsp.digicert.com\nco.uk\n")
    written = b"".join(path.read_bytes() for path in world.place.lists.rglob("*") if path.is_file())
    told = [name for name in (b"wikipedia.org", b"ocsp.digicert.com", b"co.uk") if name in written]
    assert bool(told) == (kind != "illegal")


async def test_the_popular_names_of_the_world(world: Any) -> None:
    if not TOPLIST.exists():
        pytest.skip("the ranking of the test data is not here")
    thousand = parse_ranking(TOPLIST.read_text(), top=10_000)[:1000]
    (world.folder / "top.txt").write_text(TOPLIST.read_text())
    world.suffixes = public_suffixes()
    world.write(LIST.format(kind="category", more=""), more="admin: {gates: {popular: {file: top.txt}}}\n")
    many = "".join(f"site-{n}.bets.example\n" for n in range(4000)).encode()
    world.sources.texts = {"watch": many}
    controller = world.controller()
    await controller.start()
    await _update(world, controller, many + "\n".join(thousand).encode())
    report = await controller.inspections.held(OPERATOR, "watch")
    (gate,) = report.gates
    assert (gate.gate, gate.two_persons, len(gate.examples)) == ("popular", True, 20)
    assert report.newly_blocked >= 1000


async def test_a_category_list_spares_protected_names_and_says_so(world: Any, bets: str) -> None:
    controller = await _started(world, "category")
    await _update(world, controller, GOOD + b"ocsp.digicert.com\n")
    (condition,) = controller.condition().lists
    assert condition.state == "accepted"
    assert "Protected names stay reachable" in condition.message
    view = await controller.view()
    assert not view.reader.look_up(b"\4ocsp\10digicert\3com\0".replace(b"\10", b"\x08"))[0]
    assert view.reader.look_up(b"\x06site-1\4bets\x07example\0")[0]


async def test_a_first_version_of_a_category_list_may_have_popular_names_and_says_so(world: Any) -> None:
    world.write(LIST.format(kind="category", more=""))
    world.sources.texts = {"watch": b"facebook.com\n"}
    controller = world.controller()
    await controller.start()
    (condition,) = controller.condition().lists
    assert condition.state == "accepted"
    assert "1 popular name is covered" in condition.message


@pytest.mark.parametrize("kind", ["security", "illegal"])
async def test_a_first_version_of_a_grave_list_may_not(world: Any, kind: str) -> None:
    world.write(LIST.format(kind=kind, more=KINDS[kind]))
    world.sources.texts = {"watch": b"facebook.com\n"}
    controller = world.controller()
    await controller.start()
    assert controller.condition().lists[0].state == "held"


async def test_what_a_list_is_for_is_expected(world: Any) -> None:
    world.write(LIST.format(kind="category", more=", popular_names: expected"))
    world.sources.texts = {"watch": b"facebook.com\n"}
    controller = world.controller()
    await controller.start()
    await _update(world, controller, b"facebook.com\ninstagram.com\n")
    assert controller.condition().lists[0].state == "accepted"


async def test_another_ranking_alone_holds_nothing(world: Any) -> None:
    world.write(LIST.format(kind="category", more=""))
    world.sources.texts = {"watch": b"casino.example\n"}
    controller = world.controller()
    await controller.start()
    (world.folder / "top.txt").write_text("casino.example\n")
    world.write(LIST.format(kind="category", more=""), more="admin: {gates: {popular: {file: top.txt}}}\n")
    assert (await controller.reload()).accepted
    await _update(world, controller, b"casino.example\nmore.example\n")
    assert controller.condition().lists[0].state == "accepted"


async def test_a_protected_list_counts(world: Any) -> None:
    helpers = '{id: helpers, url: "https://lists.example/helpers", format: domains, kind: protected}'
    world.write(helpers, LIST.format(kind="security", more=""))
    world.sources.texts = {"watch": GOOD, "helpers": b"refuge.example\n"}
    controller = world.controller()
    await controller.start()
    world.sources.texts["watch"] = GOOD + b"refuge.example\n"
    controller._fetching.begin("watch")
    await controller._fetching.running["watch"]
    report = await controller.inspections.held(OPERATOR, "watch")
    assert "1 of the group protected-lists" in report.gates[0].message


async def test_an_edit_cannot_take_away_a_protected_name(world: Any) -> None:
    from admin.api.appliance import Wish
    from blocklists.edits import Change, EditError

    controller = await _started(world, "category")
    for name in ("ocsp.digicert.com", "digicert.com", "x.pay.isp.example"):
        with pytest.raises(EditError, match="protected"):
            await controller.edit(ACT, "watch", [Wish(Change.ADD, name)])
    await controller.edit(ACT, "watch", [Wish(Change.ADD, "www.digicert.com")])


async def test_a_preview_tells_what_a_version_would_do_and_changes_nothing(world: Any) -> None:
    controller = await _started(world, "category")
    world.sources.texts = {"watch": GOOD + b"wikipedia.org\n"}
    report = await controller.inspections.preview(OPERATOR, "watch", fetch=True)
    assert report.preview.startswith("It would newly block 1 of 613 popular names")
    assert (report.origin, report.examples) == ("fetched", ("wikipedia.org",))
    assert [gate.gate for gate in report.gates] == ["popular"]
    (condition,) = controller.condition().lists
    assert (condition.state, condition.held) == ("accepted", "")


async def test_two_persons_release_popular_names_and_the_next_version_passes(world: Any) -> None:
    controller = await _started(world, "category")
    poisoned = GOOD + b"wikipedia.org\n"
    await _update(world, controller, poisoned)
    held = controller.condition().lists[0].held
    for person in (OPERATOR, OPERATOR):
        decided = await controller.lists.release(person, "watch", "The publisher says so.", held)
        assert "A second person must release it too" in decided.message
        assert controller.condition().lists[0].held == held
    other = Actor.of_the_box(ActorKind.LOCAL, "bob")
    await controller.lists.release(other, "watch", "I asked there as well.", held)
    await controller._step()
    assert (await controller.view()).reader.look_up(b"\x09wikipedia\3org\0")[0]
    await _update(world, controller, poisoned + b"one-more.example\n")
    assert controller.condition().lists[0].state == "accepted"


async def test_a_released_version_is_not_enforced_at_protected_names(world: Any) -> None:
    controller = await _started(world, "security")
    await _update(world, controller, GOOD + b"digicert.com\nbelow.lencr.org\n")
    held = controller.condition().lists[0].held
    for person in ("ada", "bob"):
        actor = Actor.of_the_box(ActorKind.LOCAL, person)
        if controller.condition().lists[0].held:
            await controller.lists.release(actor, "watch", "We want this.", held)
    await controller._step()
    reader = (await controller.view()).reader
    assert reader.look_up(b"\3www\x08digicert\3com\0")[0]
    for name in (b"\4ocsp\x08digicert\3com\0", b"\5below\5lencr\3org\0"):
        assert not reader.look_up(name)[0]


async def test_a_list_that_is_no_longer_spared_is_compiled_again(world: Any) -> None:
    controller = await _started(world, "category")
    await _update(world, controller, GOOD + b"ocsp.digicert.com\n")
    name = b"\4ocsp\x08digicert\3com\0"
    assert not (await controller.view()).reader.look_up(name)[0]
    world.write(
        LIST.format(kind="category", more=""), more="admin: {gates: {unprotected: [ocsp.digicert.com]}}\n"
    )
    assert (await controller.reload()).accepted
    assert (await controller.view()).reader.look_up(name)[0]
