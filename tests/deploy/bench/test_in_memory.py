"""The figures without sockets: every case is there, and its subscribers have policies of their own."""

from __future__ import annotations

from pathlib import Path

import dns.name

from deploy.bench.in_memory import BOOT, KEY, measure
from deploy.bench.subscribers import RULES_BYTES, rules_of, write_subscribers
from deploy.bench.workload import make_workload
from resolver.core import native
from resolver.policy.model import Rule
from resolver.tables.texts import read_rules

NOTHING, DENY = 0, 3  # native.TablesReader.rule


def test_one_and_many_are_timed(tmp_path: Path) -> None:
    workload = make_workload(tmp_path, 300)
    found = measure(tmp_path, workload, 2, 50)
    assert [len(case.nanoseconds) for case in found] == [2] * 5
    assert all(figure > 0 for case in found for figure in case.nanoseconds)
    assert [case.what for case in found if "50 subscribers" in case.what] == [case.what for case in found[3:]]
    assert len(measure(tmp_path, workload, 1, 0)) == 3


def test_every_subscriber_gets_names_of_its_own(tmp_path: Path) -> None:
    rules, grants = read_rules(rules_of(7))
    denied = dns.name.from_text("r0.s7.denied.example").to_wire()
    assert (len(rules), rules[denied], grants) == (10, (Rule(allow=False),), ())
    writer = native.TablesWriter.create(
        tmp_path / "tables", key=KEY, plan=bytes(32), boot=BOOT, created=1, clients=8, policies=8,
        set_bytes=3 * RULES_BYTES, name_bytes=3 * RULES_BYTES,
    )  # fmt: skip
    write_subscribers(writer, 3, "10.0.0.254", 1)
    writer.close()
    reader = native.TablesReader.open(tmp_path / "tables", BOOT)
    numbers = [reader.policy_of(address) for address in (b"\x0a\0\0\xfe", b"\x0a\0\0\xff", b"\x0a\0\1\0")]
    assert len(set(numbers)) == 3
    own = dns.name.from_text("r4.s2.denied.example").to_wire()
    assert [reader.rule(number, own, 0) for number in numbers] == [(NOTHING, 0), (NOTHING, 0), (DENY, 4)]
