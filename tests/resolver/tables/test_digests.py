"""Names that lists name by digest only: decided like entries of those lists, in a generation that was published."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dnslib import DNSRecord

from admin.config import load
from admin.services.publish import compile_offline
from blocklists.canonical import to_wire
from resolver.answer.decision import Miss, Services
from resolver.answer.generation import Generation
from resolver.answer.pipeline import Pipeline
from resolver.policy.model import UNLISTED
from resolver.tables.store import TablesError, collect_garbage
from resolver.tables.view import View

CONFIG = """\
resolver: {upstreams: ["127.0.0.1:5399"]}
categories: {odd: {title: Odd}}
lists:
  - {id: hashed, url: "file:hashed", format: hashes, kind: illegal, categories: [odd],
     hashes: {shape: host-path, algorithm: md5}}
  - {id: sites, url: "file:sites", format: hashes, kind: category, categories: [odd], scope: domain,
     hashes: {shape: expression}}
  - {id: plain, url: "file:plain", format: domains, kind: category, categories: [odd]}
profiles: {open: {block: []}}
default_profile: open
"""


@pytest.fixture
def publish(tmp_path: Path) -> Callable[[str], View]:
    """Publishes lists of which the hashed one names this host."""
    (tmp_path / "plain").write_text("plain.example\n")
    (tmp_path / "sites").write_text(hashlib.sha256(b"site.example/").hexdigest())
    (tmp_path / "weir.yaml").write_text(CONFIG)
    (tmp_path / "state").mkdir()

    def make(host: str) -> View:
        digest = hashlib.md5(host.encode(), usedforsecurity=False).hexdigest()
        (tmp_path / "hashed").write_text(f"{digest} {digest} 0\n")
        assert compile_offline(load(tmp_path / "weir.yaml"), tmp_path / "state") == ()
        return View.open(tmp_path / "state")

    return make


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("listed.example", ("hashed",)),
        ("www.listed.example", ("hashed",)),
        ("a.b.c.d.e.f.listed.example", ("hashed",)),
        ("notlisted.example", ()),
        ("example", ()),
        ("site.example", ("sites",)),
        ("www.site.example", ("sites",)),
    ],
)
def test_names_and_all_below_them(name: str, lists: tuple[str, ...], publish: Callable[[str], View]) -> None:
    view = publish("listed.example")
    wire = to_wire(name)
    assert view.digests.lists(wire) == lists
    roles = {view.bits[index].id for index in range(len(view.bits)) if view.listing(wire).bits >> index & 1}
    assert roles == {{"hashed": "hashed", "sites": "odd"}[one] for one in lists}


def test_what_is_no_name_is_not_listed(publish: Callable[[str], View]) -> None:
    view = publish("listed.example")
    for wire in (b"\0", b"", b"\x06listed", b"\x03\xff\xfe\xfd\x07example\0", b"\x08a.listed\x07example\0"):
        assert view.listing(wire) == UNLISTED


def test_the_index_belongs_to_the_generation(publish: Callable[[str], View], tmp_path: Path) -> None:
    first = publish("listed.example")
    second = publish("other.example")
    assert first.urls.edition != second.urls.edition
    assert first.listing(to_wire("listed.example")).bits
    assert not second.listing(to_wire("listed.example")).bits
    state: Any = tmp_path / "state"
    assert (state / first.tables.urls).exists()
    collect_garbage(state, keep=1)
    assert [path.name for path in state.glob("urls-*")] == [second.tables.urls]


def test_a_generation_with_a_damaged_index_is_passed_over(
    publish: Callable[[str], View], tmp_path: Path
) -> None:
    first, second = publish("listed.example"), publish("other.example")
    state = tmp_path / "state"
    (state / second.tables.urls).write_bytes(b"damaged")
    view, complaints = View.open_any(state)
    assert view.tables.generation == first.tables.generation
    assert any(second.tables.urls in complaint for complaint in complaints)
    (state / first.tables.urls).unlink()
    with pytest.raises(TablesError):
        View.open(state)


def test_such_a_name_is_decided_before_anybody_is_asked(publish: Callable[[str], View]) -> None:
    services = Services(lambda _: None, lambda _: 0, lambda _: None)
    pipeline = Pipeline(Generation(publish("listed.example")), services)
    query = bytes(DNSRecord.question("www.listed.example").pack())
    answer = pipeline.handle(query, "127.0.0.1", over_tcp=False, now=1.0)
    assert isinstance(answer, bytes)
    assert str(DNSRecord.parse(answer).rr[0].rdata) == "127.0.0.1"  # the gateway's address
    assert pipeline.decides(to_wire("www.listed.example"))
    assert not pipeline.decides(to_wire("other.example"))
    other = pipeline.handle(
        bytes(DNSRecord.question("other.example").pack()), "127.0.0.1", over_tcp=False, now=1.0
    )
    assert isinstance(other, Miss)
