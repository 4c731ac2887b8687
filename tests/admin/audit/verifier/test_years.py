"""Logs that follow one another, checked from any of their keys: the end of each is in the next, and names its key."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from admin.audit import verifier
from admin.audit.past import past
from admin.audit.years import Years

SERIES = "filter.example/weir"
YEARS = ("2025", "2026", "2027")
NOON = 1_763_812_800
NOW = "2026-11-23T12:00:00+00:00"


class Chain:
    """Three logs in a row, each signed by a key of its own number."""

    def __init__(self, make_log: Any, make_signer: Any) -> None:
        self.logs: dict[str, Any] = {}
        self.signers = {year: make_signer(number, f"{SERIES}/{year}") for number, year in enumerate(YEARS, 1)}
        before: Any = None
        for year in YEARS:
            start = before.now if before else NOON
            log = make_log(origin=f"{SERIES}/{year}", signers=[self.signers[year]], now=start)
            last = {"last": before.note(len(before.leaves)).decode()} if before else {}
            before = self.logs[year] = log.begin(**last).add("heartbeat").publish()
            if year != YEARS[-1]:
                self.end(year)

    def end(self, year: str, **changes: Any) -> None:
        """Close a log as the appliance does, but for what ``changes`` (of ``log.close`` and the key) says."""
        after = YEARS[YEARS.index(year) + 1]
        key = changes.pop("vkey", self.signers[after].key.text)
        if key:
            self.logs[year].add("log.next", origin=f"{SERIES}/{after}", vkey=key)
        self.logs[year].add("log.close", **({"why": "year", "next": f"{SERIES}/{after}"} | changes)).publish()

    def end_anew(self, year: str, **changes: Any) -> None:
        """Another end of a log; the logs after it begin with that."""
        log, later = self.logs[year], self.logs[YEARS[YEARS.index(year) + 1]]
        log.now -= 60 * len(log.leaves[2:])
        log.leaves, log.sizes = log.leaves[:2], log.sizes[:1]
        self.end(year, **changes)
        self.begin_anew(later, log)

    def begin_anew(self, later: Any, log: Any) -> None:
        """Another first leaf, after the log as it is now; what comes behind it stays."""
        now, rest, later.now = later.now, later.leaves[1:], min(log.now, later.now - 120)
        later.leaves, later.spans, later.state = [], [], "0" * 64
        later.begin(last=log.note(len(log.leaves)).decode())
        later.leaves, later.now = [*later.leaves, *rest], now

    def files(self) -> dict[str, bytes]:
        """As they are served: the last one, with the others below it."""
        *earlier, present = YEARS
        found: dict[str, bytes] = self.logs[present].files()
        for year in earlier:
            found |= {f"{year}/{path}": data for path, data in self.logs[year].files().items()}
        return found


class SilentHandler(SimpleHTTPRequestHandler):
    """A static web server that tells nobody what it was asked."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def chain(make_log: Any, make_signer: Any) -> Chain:
    """2025 → 2026 → 2027."""
    return Chain(make_log, make_signer)


Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str], write_files: Any) -> Check:
    """``check(year of the key, *options, files=…)``: status, words, complaints."""

    def run(year: str, *options: str, files: dict[str, bytes] | None = None) -> tuple[int, str, str]:
        folder = write_files(chain.files() if files is None else files, tmp_path / "log")
        (key := tmp_path / "log.vkey").write_text(chain.signers[year].key.text)
        given = [str(folder), "--key", str(key), "--at", NOW, "--evidence", str(tmp_path / "evidence")]
        status = verifier.main([*given, *options], "weir audit verify", Years)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.mark.parametrize("year", YEARS)
def test_every_years_key_leads_to_the_present_log(check: Check, year: str) -> None:
    status, out, err = check(year)
    assert (status, err) == (0, "")
    assert f"{SERIES}/2027: 2 leaves" in out
    walked = [line for line in out.splitlines() if line.endswith("it names the key of the next")]
    assert [line.partition(":")[0] for line in walked] == [
        f"{SERIES}/{earlier}" for earlier in YEARS if year <= earlier < "2027"
    ]


def test_the_verifier_alone_says_where_the_key_is(check: Check, tmp_path: Path, capsys: Any) -> None:
    check("2025")
    given = [str(tmp_path / "log"), "--key", str(tmp_path / "log.vkey"), "--at", NOW]
    assert verifier.main(given) == 3
    assert "see log.next" in capsys.readouterr().err
    assert verifier.main([f"{tmp_path}/log/2025", *given[1:]]) == 0
    assert f"log.next origin {SERIES}/2026 vkey {SERIES}/2026+" in capsys.readouterr().out


def test_a_key_that_another_has_named_is_no_key_of_the_log(
    chain: Chain, check: Check, make_signer: Any
) -> None:
    chain.end_anew("2026", vkey=make_signer(9, f"{SERIES}/2027").key.text)
    for year in ("2026", "2025"):
        status, out, _ = check(year)
        assert status == 1
        assert f"another key than {SERIES}/2026 names for this log" in out
    assert check("2027")[0] == 0, "whoever has the log's own key asks nobody"


def test_a_key_of_another_name_is_refused(chain: Chain, check: Check, make_signer: Any) -> None:
    chain.end_anew("2026", vkey=make_signer(3, f"{SERIES}/2099").key.text)
    status, out, _ = check("2026")
    assert status == 1
    assert "not of the log that it is for" in out


@pytest.mark.parametrize(
    "changes",
    [{"vkey": ""}, {"why": "compromise"}, {"next": f"{SERIES}/2028"}],
    ids=["none", "theft", "other"],
)
def test_an_end_that_vouches_for_nothing(chain: Chain, check: Check, changes: dict[str, str]) -> None:
    chain.end_anew("2026", **changes)
    status, out, err = check("2026")
    assert status == 3, out
    assert f"names no key for {SERIES}/2027" in err


def test_an_open_log_vouches_for_nothing(chain: Chain, check: Check) -> None:
    chain.end_anew("2026")
    log = chain.logs["2026"]
    log.leaves, log.sizes = log.leaves[:-1], [2, len(log.leaves) - 1]
    chain.begin_anew(chain.logs["2027"], log)
    assert check("2026")[0] == 3


def test_the_log_before_must_end_as_the_next_one_says(chain: Chain, check: Check, tmp_path: Path) -> None:
    chain.end_anew("2026", why="other")
    files = chain.files()
    chain.end_anew("2026")
    other = {path: data for path, data in chain.files().items() if path.startswith("2026/")}
    for year in ("2025", "2026", "2027"):
        status, out, _ = check(year, files=files | other)
        assert status == 1
        assert "says that it ended" in out
    notes = sorted(path.read_bytes() for path in tmp_path.glob("evidence-*"))
    assert len(notes) == 2
    assert all(note.startswith(f"{SERIES}/2026\n5\n".encode()) or b"\n4\n" in note for note in notes)


def test_what_is_wrong_in_an_earlier_log_is_found(chain: Chain, check: Check) -> None:
    files = chain.files()
    files["2025/tile/entries/000.p/4"] = files["2025/tile/entries/000.p/4"].replace(b'"year"', b'"othr"')
    assert check("2025", files=files)[0] == 1


def test_without_the_earlier_log_nothing_is_decided(chain: Chain, check: Check) -> None:
    files = {path: data for path, data in chain.files().items() if not path.startswith("2026/")}
    status, _, err = check("2025", files=files)
    assert status == 3
    assert "of another log" in err
    assert "2026/checkpoint: there is none" in err
    assert check("2027", files=files)[0] == 0


def test_a_checkpoint_of_an_earlier_year_is_followed(chain: Chain, check: Check, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for year in YEARS:
        kept.write_bytes(chain.logs[year].note(2))
        status, out, err = check("2027", "--since", str(kept))
        assert (status, err) == (0, "")
        assert ("the next one holds its end" in out or "it names" in out) == (year != "2027")
    other = chain.logs["2025"].note(2, root_hash=b"\1" * 32)
    kept.write_bytes(other)
    assert check("2027", "--since", str(kept))[0] == 1, "the year before was rewritten since"
    kept.write_bytes(chain.logs["2026"].note(2).replace(b"filter.example", b"others.example"))
    status, out, err = check("2027", "--since", str(kept))
    assert status == 3
    assert "leads back to none" in err


def test_what_is_remembered_goes_over_to_the_new_log(chain: Chain, check: Check, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(chain.logs["2025"].note(2))
    for _ in range(2):
        assert check("2025", "--remember", str(kept))[0] == 0
        assert kept.read_bytes() == chain.logs["2027"].note(2)


@pytest.mark.parametrize("label", ["..", "", "a b", "x" * 64])
def test_a_name_that_is_no_folder_leads_nowhere(
    chain: Chain, check: Check, label: str, make_log: Any, make_signer: Any
) -> None:
    before = make_log(origin=f"{SERIES}/{label}", signers=[make_signer(1, "x")]).begin()
    chain.begin_anew(chain.logs["2027"], before)
    assert check("2025")[0] == 3


def test_logs_before_logs_without_end_are_not_followed(
    chain: Chain, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.audit.years.MOST_LOGS", 2)
    assert check("2026")[0] == 0
    assert check("2025")[0] == 3


def test_a_time_in_an_earlier_log_is_heard_from_there(chain: Chain, check: Check, tmp_path: Path) -> None:
    check("2027")
    key = verifier.Key.parse(chain.signers["2027"].key.text)
    for since, logs in ((chain.logs["2026"].now + 120, 1), (chain.logs["2026"].now, 2), (0, 3)):
        heard: list[dict[str, Any]] = []
        years = Years(verifier.Source(str(tmp_path / "log")), [key], NOON + 86_400)
        years.run(heard.append, since)
        assert [log.point.origin for log in years.logs()] == [f"{SERIES}/{year}" for year in YEARS[-logs:]]
        assert [leaf["seq"] for leaf in heard] == [seq for log in years.logs() for seq in range(log.size)]
        assert [leaf["t"] for leaf in heard] == sorted(leaf["t"] for leaf in heard)


def test_the_way_goes_over_http(chain: Chain, check: Check, tmp_path: Path) -> None:
    check("2025")
    handler = partial(SilentHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/log"
            given = [url, "--key", str(tmp_path / "log.vkey"), "--at", NOW]
            assert verifier.main(given, "weir audit verify", Years) == 0
        finally:
            server.shutdown()
            thread.join()


def test_a_first_leaf_that_changes_meanwhile_is_found(chain: Chain, check: Check, tmp_path: Path) -> None:
    check("2026")
    forged = chain.logs["2027"].files()["tile/entries/000.p/2"].replace(b'"a:0011', b'"a:9911')

    class Moving(verifier.Source):
        """Shows another first leaf to whoever asks first."""

        asked = 0

        def read(self, path: str) -> bytes | None:
            self.asked += path == "tile/entries/000.p/2"
            return forged if path == "tile/entries/000.p/2" and self.asked == 1 else super().read(path)

    key = verifier.Key.parse(chain.signers["2026"].key.text)
    with pytest.raises(verifier.FailedError, match="a moment ago"):
        Years(Moving(str(tmp_path / "log")), [key], NOON + 86_400).run(lambda _: None)


def test_what_was_decided_in_an_earlier_year_is_told_with_this_years_key(
    chain: Chain, check: Check, tmp_path: Path
) -> None:
    check("2027")
    key = verifier.Key.parse(chain.signers["2027"].key.text)
    log = chain.logs["2026"]
    forged = tmp_path / "log" / "2025" / "state" / f"{log.state}.json"
    forged.write_bytes(b"{}")
    situation, manifest = past(str(tmp_path / "log"), [key], log.now - 100, NOON + 86_400)
    assert situation.origin == log.origin
    assert (situation.leaf, situation.next) == ((1, log.now - 120), (2, log.now - 60))
    assert manifest is not None
