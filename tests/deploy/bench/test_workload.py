"""Lists, questions and subscribers are the same each time, and in the shares that they promise."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import yaml

from deploy.bench.subscribers import subscriber_lines
from deploy.bench.workload import CANARY, changed_list, make_workload, zipf


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one, two = (tmp_path / name for name in ("one", "two"))
    for folder in (one, two):
        folder.mkdir()
        make_workload(folder, 1000)
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_the_canary_is_listed_and_blocked_questions_ask_for_listed_names(tmp_path: Path) -> None:
    workload = make_workload(tmp_path, 1000)
    listed = set(workload.listed.read_text().split())
    assert CANARY in listed
    assert len(listed) == workload.names
    for line in workload.scenarios["S3"].questions.read_text().splitlines()[:500]:
        labels = line.split()[0].split(".")
        assert any(".".join(labels[start:]) in listed for start in range(len(labels))), line


def test_the_mixture(tmp_path: Path) -> None:
    lines = make_workload(tmp_path, 1000).scenarios["S4"].questions.read_text().splitlines()
    kinds = Counter(
        "miss" if line.startswith("*") else "negative" if line.startswith("nx-") else line.split()[2]
        for line in lines
    )
    shares = {kind: round(100 * count / len(lines)) for kind, count in kinds.items()}
    assert shares == {"198.51.100.7": 80, "192.0.2.80": 12, "negative": 5, "miss": 3}


def test_unlisted_names_have_four_labels_and_no_listed_parent(tmp_path: Path) -> None:
    workload = make_workload(tmp_path, 1000)
    listed = set(workload.listed.read_text().split())
    names = [line.split()[0] for line in workload.scenarios["S5"].questions.read_text().splitlines()]
    assert len(set(names)) > 99_000
    for name in names[:500]:
        labels = name.split(".")
        assert len(labels) == 4
        assert not any(".".join(labels[start:]) in listed for start in range(4)), name


def test_zipf_prefers_the_first() -> None:
    counts = Counter(zipf([str(rank) for rank in range(100)], 20_000, random.Random(1)))
    assert counts["0"] > 1.5 * counts["1"] > 2 * counts["10"]


def test_a_changed_list_has_one_name_more(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("one.example\n")
    name = changed_list(source, target, 7)
    assert target.read_text() == f"one.example\n{name}\n"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a", "b"]


def test_subscribers_are_yaml_with_ten_rules_each_and_addresses_in_a_row() -> None:
    people = yaml.safe_load("".join(subscriber_lines(300, "10.64.0.0", "own.example")))["subscribers"]
    assert len(people) == 300
    assert people[299]["addresses"] == ["10.64.1.43"]
    assert people[0]["deny"].pop(0) == "own.example"
    assert all(len(person["allow"]) + len(person["deny"]) == 10 for person in people)
    assert len({name for person in people for name in person["allow"] + person["deny"]}) == 3000
