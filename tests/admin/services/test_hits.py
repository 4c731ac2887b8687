"""What is told of hits: by hour, above a floor, of a secret list only when the hour is over, names only where wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.api.metrics_hits import hit_metrics
from admin.cli.lists_hits import readable
from admin.config import Config
from admin.services.hits import FLOOR, HOUR, HOURS_KEPT, HitHistory
from blocklists.model import Action, Bit, BitRole
from resolver.hit_log import Hit, HitLog, hit_log_path
from resolver.hits import HitPages, page_names

TEXT = """\
resolver: {upstreams: ["127.0.0.1:5399"], zones: [{name: demo.test, file: demo.zone}]}
gateway: {answer: {ipv4: 192.0.2.80, ipv6: "2001:db8::80"}}
lists:
  - {id: zone, url: file:z, format: rpz, kind: security, log_policy: names}
  - {id: quiet, url: file:q, format: rpz, kind: security, log_policy: none}
  - {id: bets, url: file:b, format: domains, kind: category, categories: [gambling]}
  - {id: more, url: file:m, format: domains, kind: category, categories: [gambling]}
"""
SECRET = "  - {id: vault, url: file:v, format: domains, kind: illegal, confidentiality: secret}\n"
BITS = (
    Bit(0, BitRole.ILLEGAL, "vault"),
    Bit(1, BitRole.SECURITY, "zone"),
    Bit(2, BitRole.CATEGORY, "gambling"),
    Bit(3, BitRole.CLIENT, "zone", Action.NXDOMAIN),
    Bit(4, BitRole.ACTION, "zone", Action.ALLOW),
    Bit(5, BitRole.ACTION, "zone", Action.NXDOMAIN),
)
START = 1_000 * HOUR


@pytest.fixture
def config(write: Callable[[str], Config]) -> Config:
    return write(TEXT + SECRET)


@pytest.fixture
def pages(tmp_path: Path) -> HitPages:
    return HitPages(tmp_path, 0, page_names(BITS, 0))


def hit(pages: HitPages, bit: int, times: int) -> None:
    for _ in range(times):
        pages.count(1 << bit)


def test_hours_above_the_floor_by_action(config: Config, pages: HitPages, tmp_path: Path) -> None:
    history = HitHistory()
    hit(pages, 5, 100)  # before control has started
    history.look(tmp_path, START)
    hit(pages, 5, FLOOR)
    hit(pages, 3, 1)
    hit(pages, 4, FLOOR - 1)
    pages.core[2] += FLOOR
    history.look(tmp_path, START + 10)
    hit(pages, 5, 1)
    history.look(tmp_path, START + HOUR)
    told = history.report(config, "zone", tmp_path, START + HOUR)
    assert [(hour.since, dict(hour.hits)) for hour in told.hours] == [
        (START, {"nxdomain": FLOOR + 1, "passthru": None}),
        (START + HOUR, {"nxdomain": None}),
    ]
    bets = history.report(config, "bets", tmp_path, START + HOUR)
    assert dict(bets.hours[0].hits) == {"block": FLOOR}
    assert bets.shared == ("gambling",)
    assert history.report(config, "quiet", tmp_path, START).hours == ()


def test_of_a_secret_list_only_hours_that_are_over_and_never_a_name(
    config: Config, pages: HitPages, tmp_path: Path
) -> None:
    log = HitLog(hit_log_path(tmp_path, 0))
    log.add(Hit(1, "hidden.test", 1, "vault", "block"))
    history = HitHistory()
    history.look(tmp_path, START)
    hit(pages, 0, 50)
    history.look(tmp_path, START + 1)
    now = history.report(config, "vault", tmp_path, START + 1)
    assert (now.hours, now.recent) == ((), ())
    later = history.report(config, "vault", tmp_path, START + HOUR)
    assert dict(later.hours[0].hits) == {"block": 50}


def test_a_restarted_worker_and_old_hours(config: Config, pages: HitPages, tmp_path: Path) -> None:
    history = HitHistory()
    hit(pages, 5, 30)
    history.look(tmp_path, START)
    begun_anew = HitPages(tmp_path, 0, page_names(BITS, 0))
    hit(begun_anew, 5, FLOOR)
    history.look(tmp_path, START + 1)
    assert dict(history.report(config, "zone", tmp_path, START).hours[0].hits) == {"nxdomain": FLOOR}
    history.look(tmp_path, START + HOUR * HOURS_KEPT)
    assert all(hour.since > START for hour in history.report(config, "zone", tmp_path, START).hours)


def test_the_last_names_are_those_of_the_list(config: Config, tmp_path: Path) -> None:
    log = HitLog(hit_log_path(tmp_path, 7))
    log.add(Hit(2, "two.test", 28, "zone", "nxdomain"))
    log.add(Hit(1, "other.test", 1, "bets", "block"))
    assert HitHistory().report(config, "zone", tmp_path, START).recent == (
        Hit(2, "two.test", 28, "zone", "nxdomain"),
    )
    assert HitHistory().report(config, "bets", tmp_path, START).recent == ()


def samples(config: Config, run: Path) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in hit_metrics(run, config.lists)
        for sample in family.samples
    }


def test_metrics_do_not_let_a_secret_lists_number_be_worked_out(
    config: Config, write: Callable[[str], Config], pages: HitPages, tmp_path: Path
) -> None:
    hit(pages, 0, 20)
    hit(pages, 5, 20)
    hit(pages, 4, FLOOR - 1)
    hit(pages, 2, FLOOR)
    assert samples(config, tmp_path) == {("gambling",): FLOOR}
    assert samples(write(TEXT), tmp_path) == {("gambling",): FLOOR, ("zone", "nxdomain"): 20}


def test_the_answer_in_words() -> None:
    hour = {"since": 0, "hits": {"nxdomain": None, "drop": 12}}
    recent = [{"at": 1, "name": "x.test", "qtype": 1, "action": "drop"}]
    text = readable({"floor": 10, "hours": [hour], "shared_categories": ["games"], "recent": recent})
    assert "fewer than 10" in text
    assert "12" in text
    assert "x.test" in text
    assert "games" in text
    assert "no hits" in readable({"floor": 10, "hours": [], "shared_categories": [], "recent": []})
