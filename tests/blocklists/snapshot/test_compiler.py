"""The compiler from text to file: several lists, exceptions across them, faults."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from blocklists.model import Action, BitRole, Confidentiality, Kind, ListSource, SkipReason
from blocklists.snapshot import native
from blocklists.snapshot.classes import CompileError
from blocklists.snapshot.compiler import CompileReport, compile_prepared, compile_snapshot, count_entries
from blocklists.snapshot.reader import SnapshotReader
from blocklists.snapshot.readings import Prepared

Make = Callable[..., ListSource]
Wire = Callable[[str], bytes]
Lists = list[tuple[ListSource, bytes]]


@pytest.fixture
def compiled(
    tmp_path: Path, key: bytes, index_key: bytes
) -> Callable[..., tuple[CompileReport, SnapshotReader]]:
    def run(lists: Lists, suffixes: tuple[str, ...] = ()) -> tuple[CompileReport, SnapshotReader]:
        path = tmp_path / "snapshot.weir"
        prepared = Prepared(key, index_key=index_key)
        report = compile_prepared(lists, path, prepared, now=1_700_000_000.9, suffixes=suffixes)
        return report, SnapshotReader.open(path, index_key=index_key)

    return run


Compiled = Callable[..., tuple[CompileReport, SnapshotReader]]


def speaking(reader: SnapshotReader, wire: bytes) -> set[str]:
    """The ids of the bits that apply to a name."""
    mask, _ = reader.look_up(wire)
    return {bit.id for bit in reader.bits if mask >> bit.index & 1}


def test_lists_of_several_formats(make_source: Make, compiled: Compiled, wire: Wire) -> None:
    lists = [
        (make_source("bets", categories=("gambling",)), b"bets.example\n*.wild.example\n"),
        (
            make_source("ads", "adblock", categories=("ads",)),
            b"||ads.example^\n@@||ok.ads.example^\n||bets.example^\n",
        ),
        (make_source("bad", "hosts", kind=Kind.SECURITY), b"0.0.0.0 bad.example bets.example\n"),
        (
            make_source("zone", "rpz", kind=Kind.SECURITY),
            b"drop.example CNAME rpz-drop.\n*.bad.example CNAME .\n",
        ),
    ]
    report, reader = compiled(lists)
    cases = {
        "bets.example": {"gambling", "ads", "bad"},
        "a.b.bets.example": {"gambling", "ads", "bad"},
        "wild.example": set(),
        "x.wild.example": {"gambling"},
        "ads.example": {"ads"},
        "ok.ads.example": set(),
        "x.ok.ads.example": set(),
        "no.ads.example": {"ads"},
        "bad.example": {"bad"},
        "x.bad.example": {"bad", "zone"},
        "drop.example": {"zone"},
        "x.drop.example": set(),
        "example": set(),
        "other.example": set(),
    }
    assert {name: speaking(reader, wire(name)) for name in cases} == cases
    assert [bit.action for bit in report.bits if bit.role is BitRole.ACTION] == [Action.DROP, Action.NXDOMAIN]
    assert (report.bits, report.entries, report.size) == (reader.bits, reader.entries, reader.size)
    assert report.entries == 6
    assert report.counts["ads"].accepted == 3
    assert (reader.created, reader.digest) == (1_700_000_000, report.digest)
    assert len(report.digest) == 64


def test_an_exception_holds_only_for_its_own_list(make_source: Make, compiled: Compiled, wire: Wire) -> None:
    lists = [
        (
            make_source("soft", "adblock", categories=("ads",)),
            b"||a.example^\n@@||b.a.example^\n||c.b.a.example^$important\n",
        ),
        (make_source("hard", categories=("other",)), b"a.example\nd.b.a.example\n"),
    ]
    _, reader = compiled(lists)
    expected = {
        "a.example": {"ads", "other"},
        "b.a.example": {"other"},
        "x.b.a.example": {"other"},
        "c.b.a.example": {"ads", "other"},
        "d.b.a.example": {"other"},
    }
    assert {name: speaking(reader, wire(name)) for name in expected} == expected


def test_the_same_list_in_four_formats(
    make_source: Make, shared_data: Path, compiled: Compiled, wire: Wire
) -> None:
    folder = shared_data / "lists" / "blocklistproject"
    endings = {"hosts": "hosts", "domains": "domains", "adblock": "adguard", "dnsmasq": "dnsmasq"}
    lists = [
        (make_source(name, name, categories=(name,)), (folder / f"drugs.{ending}").read_bytes())
        for name, ending in endings.items()
    ]
    report, reader = compiled(lists)
    assert report.entries == 26_029
    domains = (folder / "drugs.domains").read_text().splitlines()
    names = [line for line in domains if line and not line.startswith("#")]
    assert all(speaking(reader, wire(name)) == set(endings) for name in names)
    assert not any(speaking(reader, wire(f"not-{name.replace('.', '-')}.example")) for name in names)


def test_addresses(make_source: Make, compiled: Compiled) -> None:
    text = b"192.0.2.0/24\n192.0.2.1\n2001:db8::/32\n"
    _, reader = compiled([(make_source(addresses=True), text)])
    assert [
        reader.look_up_address(bytes(address))[0]
        for address in ([192, 0, 2, 1], [192, 0, 2, 9], [192, 0, 3, 1])
    ] == [1, 1, 0]
    assert [length for length, _ in reader.look_up_address(bytes([192, 0, 2, 1]))[1]] == [32, 24]
    assert reader.look_up_address(bytes.fromhex("20010db8") + bytes(12))[0] == 1
    _, reader = compiled([(make_source(), text)])
    assert reader.entries == 0


def test_public_suffixes(make_source: Make, compiled: Compiled, wire: Wire) -> None:
    text = b"co.example\na.co.example\n"
    lists = [
        (make_source("strict", categories=("a",)), text),
        (make_source("wide", categories=("b",), public_suffixes=True), text),
    ]
    report, reader = compiled(lists, ("example", "co.example", "münchen.example"))
    assert speaking(reader, wire("co.example")) == {"b"}
    assert speaking(reader, wire("a.co.example")) == {"a", "b"}
    assert report.counts["strict"].skipped == {SkipReason.PUBLIC_SUFFIX: 1}
    assert report.counts["strict"] == count_entries(*lists[0], ("example", "co.example"))


def test_url_entries_never_become_names(make_source: Make, compiled: Compiled, wire: Wire) -> None:
    report, reader = compiled([(make_source(format_="urls"), b"http://a.example/\nb.example/page\n")])
    assert (report.entries, report.counts["one"].entries) == (0, 2)
    assert reader.look_up(wire("a.example")) == (0, ())


def test_no_lists_and_empty_lists(make_source: Make, compiled: Compiled, wire: Wire) -> None:
    for lists in ([], [(make_source(), b"")]):
        report, reader = compiled(lists)
        assert (report.entries, reader.look_up(wire("a.example"))) == (0, (0, ()))


def test_the_digest_names_the_content(make_source: Make, tmp_path: Path, key: bytes) -> None:
    def digest(source: ListSource, text: bytes, suffixes: tuple[str, ...] = (), secret: bytes = key) -> str:
        return compile_snapshot([(source, text)], tmp_path / "s", key=secret, now=1, suffixes=suffixes).digest

    first = digest(make_source(), b"a.example")
    assert first == digest(make_source(), b"a.example")
    others = [
        digest(make_source(), b"b.example"),
        digest(make_source(categories=("other",)), b"a.example"),
        digest(make_source(), b"a.example", ("co.example",)),
        digest(make_source(), b"a.example", (), bytes(32)),
    ]
    assert len({first, *others}) == 5


def test_local_data_of_a_secret_list_is_refused(
    make_source: Make, compiled: Compiled, tmp_path: Path
) -> None:
    secret = make_source("hush", "rpz", kind=Kind.ILLEGAL, confidentiality=Confidentiality.SECRET)
    with pytest.raises(CompileError, match="list hush is secret") as caught:
        compiled([(secret, b"hidden.example A 192.0.2.1\n")])
    assert "hidden" not in str(caught.value)
    compiled([(secret, b"hidden.example CNAME .\nfar.example CNAME *.\n")])
    assert b"hidden" not in (tmp_path / "snapshot.weir").read_bytes()


def test_a_full_disk_leaves_the_old_file(
    make_source: Make, tmp_path: Path, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "snapshot.weir"
    compile_snapshot([(make_source(), b"a.example")], path, key=key, now=1, suffixes=())
    before = path.read_bytes()

    class FullDisk(native.Builder):
        def write(self, path: str, *args: object) -> int:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(native, "Builder", FullDisk)
    with pytest.raises(OSError, match="No space"):
        compile_snapshot([(make_source(), b"b.example")], path, key=key, now=1, suffixes=())
    assert [file.name for file in tmp_path.iterdir()] == ["snapshot.weir"]
    assert path.read_bytes() == before


def test_a_killed_run_s_leftovers_do_not_matter(make_source: Make, tmp_path: Path, key: bytes) -> None:
    (tmp_path / ".snapshot.weir.tmp").write_bytes(b"half a file")
    compile_snapshot([(make_source(), b"a.example")], tmp_path / "snapshot.weir", key=key, now=1, suffixes=())
    assert SnapshotReader.open(tmp_path / "snapshot.weir").entries == 1


def test_a_mapped_snapshot_survives_its_replacement(
    make_source: Make, compiled: Compiled, wire: Wire
) -> None:
    _, old = compiled([(make_source(), b"old.example\n")])
    _, new = compiled([(make_source(), b"new.example\n" * 3)])
    for reader, name in itertools.product((old, new), ("old", "new")):
        assert bool(reader.look_up(wire(f"{name}.example"))[0]) is ((reader is old) is (name == "old"))
