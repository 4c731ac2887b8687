"""Whole files: the golden mistakes, the smallest configuration, where files are looked for, and arbitrary text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.config import Config, ConfigError, default_path, load
from admin.config.problems import MAX_PROBLEMS
from admin.config.settings import Settings
from blocklists.model import Kind

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", sorted(GOLDEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_each_mistake_is_named_with_line_key_and_remedy(case: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(case)
    said = "".join(f"{problem}\n" for problem in caught.value.problems).replace(f"{GOLDEN}/", "")
    assert said == case.with_suffix(".errors").read_text()


def test_every_golden_expectation_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.errors")} == {path.stem for path in GOLDEN.glob("*.yaml")}


def test_the_smallest_useful_configuration_works(
    read: Callable[[str], Config], smallest: str, tmp_path: Path
) -> None:
    config = read(smallest)
    assert config.data_dir == tmp_path / "var"
    assert [str(address) for address in config.resolver.listen] == ["127.0.0.1:5300"]
    assert config.resolver.workers == 1
    assert config.resolver.cache.size.bytes == 64 * 2**20
    assert str(config.gateway.answer.ipv6) == "2001:db8::80"
    assert str(config.lists[0].url) == f"file:{tmp_path}/domains.txt"
    assert config.lists[0].kind is Kind.CATEGORY
    assert config.profiles["strict"].block == ("gambling",)
    assert config.default_profile == "strict"
    assert str(config.subscribers[0].addresses[0]) == "127.0.0.17/32"


@pytest.mark.parametrize("section", [None, "resolver", "gateway", "admin"])
def test_a_configuration_cannot_be_changed(
    read: Callable[[str], Config], smallest: str, section: str | None
) -> None:
    config = read(smallest)
    holder = config if section is None else getattr(config, section)
    for name in type(holder).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(holder, name, None)


def test_a_relative_path_starts_at_the_folder_of_the_file(
    tmp_path: Path, smallest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/weir.yaml").write_text(smallest)
    monkeypatch.chdir(tmp_path)
    config = load(Path("etc/weir.yaml"))
    assert config.data_dir == tmp_path / "etc/var"
    assert config.path == tmp_path / "etc/weir.yaml"


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("absent.yaml", "nothing", "there is no such file"),
        ("folder.yaml", "folder", "this is a folder"),
        ("nul\0.yaml", "nothing", "no file can have this name"),
        ("long" * 100, "nothing", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_said_so(tmp_path: Path, name: str, kind: str, expected: str) -> None:
    if kind == "folder":
        (tmp_path / name).mkdir()
    with pytest.raises(ConfigError, match=expected) as caught:
        load(tmp_path / name)
    assert [problem.line for problem in caught.value.problems] == [0]


def test_more_mistakes_than_a_person_can_read_are_cut(complaints: Callable[[str], list[str]]) -> None:
    said = complaints("lists:\n" + "  - x\n" * 5000)
    assert len(said) == MAX_PROBLEMS + 1
    assert "there are more problems" in said[-1]


def test_one_broken_subscriber_does_not_hide_another_mistake(
    complaints: Callable[[str], list[str]], smallest: str
) -> None:
    said = complaints(
        smallest
        + "  - {id: 5, profile: open, addresses: [x]}\n  - {id: z, profile: opne, addresses: [1.1.1.1]}\n"
    )
    assert [line.split(": ")[1] for line in said] == [
        "subscribers[1].id",
        "subscribers[1].addresses[0]",
        "subscribers[2].profile",
    ]


class TestSystemUpstreams:
    TEXT = 'resolver: {listen: ["127.0.0.1:53"], upstreams: [system, 192.0.2.9]}'

    def test_are_those_of_resolv_conf(self, tmp_path: Path) -> None:
        (tmp_path / "weir.yaml").write_text(self.TEXT)
        (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.1\nnameserver 2001:db8::1\n")
        config = load(tmp_path / "weir.yaml", resolv_conf=tmp_path / "resolv.conf")
        assert config.nameservers == ("192.0.2.1:53", "[2001:db8::1]:53")

    @pytest.mark.parametrize("content", [None, "", "search isp.example\n", "nameserver 127.0.0.1\n"])
    def test_that_name_nobody_but_ourselves_are_a_mistake(self, tmp_path: Path, content: str | None) -> None:
        (tmp_path / "weir.yaml").write_text(self.TEXT)
        if content is not None:
            (tmp_path / "resolv.conf").write_text(content)
        with pytest.raises(ConfigError, match="`system` stands for"):
            load(tmp_path / "weir.yaml", resolv_conf=tmp_path / "resolv.conf")


class TestDefaultPath:
    def test_is_what_the_environment_names(self, tmp_path: Path) -> None:
        assert default_path({"WEIR_CONFIG": "a/b.yaml"}, tmp_path) == tmp_path / "a/b.yaml"
        assert default_path({"WEIR_CONFIG": "/c.yaml"}, tmp_path) == Path("/c.yaml")

    def test_is_the_file_here_before_the_demo(self, tmp_path: Path) -> None:
        demo = tmp_path / "deploy/demo/weir.yaml"
        demo.parent.mkdir(parents=True)
        demo.touch()
        if not Path("/etc/weir/weir.yaml").exists():
            assert default_path({}, tmp_path) == demo
        (tmp_path / "weir.yaml").touch()
        assert default_path({}, tmp_path) == tmp_path / "weir.yaml"

    @pytest.mark.skipif(
        Path("/etc/weir/weir.yaml").exists(), reason="this machine has a configuration installed"
    )
    def test_names_every_place_when_there_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            default_path({"WEIR_CONFIG": ""}, tmp_path)
        for place in (
            "$WEIR_CONFIG",
            f"{tmp_path}/weir.yaml",
            "/etc/weir/weir.yaml",
            "deploy/demo/weir.yaml",
            "-c",
        ):
            assert place in str(caught.value)


def load_or_complain(path: Path, data: bytes) -> list[str]:
    """What is said about a file; nothing if it is in order. Any other error than a ConfigError is a bug."""
    path.write_bytes(data)
    try:
        load(path)
    except ConfigError as error:
        return [str(problem) for problem in error.problems] or [""]
    return []


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_words = st.sampled_from(
    [
        *Settings.model_fields,
        "id",
        "url",
        "file:x",
        "strict",
        "block",
        "addresses",
        "127.0.0.1:53",
        "10s",
        "64MiB",
        "system",
    ]
)
_trees = st.recursive(
    _scalars | _words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_words | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)
_fuzz = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@_fuzz
@given(
    data=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_give_a_configuration_or_a_config_error(tmp_path: Path, data: bytes) -> None:
    said = load_or_complain(tmp_path / "weir.yaml", data)
    assert all(line and line.isprintable() for line in said)


@_fuzz
@given(tree=st.dictionaries(st.sampled_from(list(Settings.model_fields)), _trees, max_size=6))
def test_any_yaml_gives_a_configuration_or_a_config_error(tmp_path: Path, tree: dict[str, object]) -> None:
    said = load_or_complain(tmp_path / "weir.yaml", yaml.safe_dump(tree).encode())
    assert all(line and line.isprintable() for line in said)


@_fuzz
@given(data=st.data())
def test_the_smallest_configuration_mutated_gives_a_configuration_or_a_config_error(
    tmp_path: Path, smallest: str, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(smallest)))
    removed = data.draw(st.integers(0, 8))
    inserted = data.draw(st.text(alphabet=st.sampled_from("{}[]:,-#&*!|>'\"%@` \t\n\0a1/=é"), max_size=4))
    mutated = smallest[:position] + inserted + smallest[position + removed :]
    said = load_or_complain(tmp_path / "weir.yaml", mutated.encode())
    assert all(line and line.isprintable() for line in said)
