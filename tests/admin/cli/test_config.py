"""``weir config``, and the example that every operator starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from admin.config import load
from admin.config.manual import keys

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).resolve().parents[3]


def test_a_good_file_is_said_to_be_in_order(weir: Run, folder: Path) -> None:
    status, out, err = weir("config", "check")
    assert (status, err) == (0, "")
    assert out == f"{folder}/weir.yaml: in order (2 lists, 2 profiles, 1 subscribers)\n"


def test_every_mistake_is_one_line_on_standard_error(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").write_text("resolver: {upstreams: [127.0.0.1:1], workers: 0}\nnod: x\n")
    status, out, err = weir("config", "check")
    assert (status, out) == (1, "")
    assert [line.removeprefix(f"{folder}/").split(": ")[0] for line in err.splitlines()] == [
        "weir.yaml:1",
        "weir.yaml:2",
    ]


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_is_none_is_no_traceback(weir: Run, name: str) -> None:
    status, out, err = weir("config", "check", "-c", name)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1


def test_what_is_shown_is_a_configuration(weir: Run, folder: Path) -> None:
    status, out, _ = weir("config", "show")
    assert status == 0
    (folder / "shown.yaml").write_text(out)
    assert load(folder / "shown.yaml").model_dump() == load(folder / "weir.yaml").model_dump()


def test_the_manual_needs_no_configuration(weir: Run, folder: Path) -> None:
    (folder / "weir.yaml").unlink()
    status, out, _ = weir("config", "reference")
    assert status == 0
    assert "### resolver.cache.size" in out


def test_the_environment_names_the_file(weir: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "weir.yaml").rename(folder / "other.yaml")
    monkeypatch.setenv("WEIR_CONFIG", "other.yaml")
    assert weir("config", "check")[0] == 0


def test_the_example_is_in_order(weir: Run) -> None:
    status, _, err = weir("config", "check", "-c", str(ROOT / "deploy/weir.example.yaml"))
    assert (status, err) == (0, "")


# These need a file beside the configuration; the example names them in a comment.
IN_COMMENTS = {"resolver.zones[].name", "resolver.zones[].file", "admin.gates.popular.file"}


def test_the_example_has_every_key() -> None:
    text = (ROOT / "deploy/weir.example.yaml").read_text()
    missing = {path for path, _ in keys()} - set(paths_in(yaml.safe_load(text)))
    assert missing == IN_COMMENTS
    comments = "\n".join(line.partition("#")[2] for line in text.splitlines())
    assert all(f"{path.rpartition('.')[2]}: " in comments for path in IN_COMMENTS)


def paths_in(value: object, path: str = "") -> Iterator[str]:
    """Every key below, written as the manual writes it."""
    if isinstance(value, list):
        for item in value:
            yield from paths_in(item, f"{path}[]")
    elif isinstance(value, dict):
        for name, item in value.items():
            below = f"{path}.{'ID' if path in ('categories', 'profiles') else name}".lstrip(".")
            yield below
            yield from paths_in(item, below)
