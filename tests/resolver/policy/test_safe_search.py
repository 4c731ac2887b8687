"""Search engines are led to their safe mode, and to nowhere else."""

from __future__ import annotations

import pytest

from blocklists.canonical import host, to_wire
from resolver.policy.safe_search import ENGINES, YOUTUBE_HOSTS, YOUTUBE_TARGETS, rewrites


@pytest.mark.parametrize(
    ("engine", "name", "target"),
    [
        ("google", "www.google.com", "forcesafesearch.google.com"),
        ("google", "www.google.co.uk", "forcesafesearch.google.com"),
        ("google", "www.google.com.au", "forcesafesearch.google.com"),
        ("google", "www.google.de", "forcesafesearch.google.com"),
        ("bing", "www.bing.com", "strict.bing.com"),
        ("duckduckgo", "duckduckgo.com", "safe.duckduckgo.com"),
        ("ecosia", "www.ecosia.org", "strict-safe-search.ecosia.org"),
        ("pixabay", "pixabay.com", "safesearch.pixabay.com"),
        ("brave", "search.brave.com", "forcesafe.search.brave.com"),
    ],
)
def test_engines(engine: str, name: str, target: str) -> None:
    assert rewrites([engine], "off")[to_wire(name)] == to_wire(target)


@pytest.mark.parametrize(
    ("mode", "target"), [("moderate", "restrictmoderate.youtube.com"), ("strict", "restrict.youtube.com")]
)
def test_youtube_is_a_switch_of_its_own(mode: str, target: str) -> None:
    assert rewrites([], mode) == {to_wire(name): to_wire(target) for name in YOUTUBE_HOSTS}


def test_nothing_is_rewritten_unasked() -> None:
    assert rewrites([], "off") == {}


def test_every_name_is_canonical_and_no_target_is_itself_rewritten() -> None:
    hosts = [name for _, names in ENGINES.values() for name in names]
    targets = [target for target, _ in ENGINES.values()]
    for name in [*hosts, *targets, *YOUTUBE_HOSTS, *YOUTUBE_TARGETS.values()]:
        assert host(name) == name
    assert len(set(hosts)) == len(hosts)
    everything = rewrites(ENGINES, "strict")
    assert not set(everything.values()) & set(everything)


def test_google_has_all_its_countries() -> None:
    assert len(ENGINES["google"][1]) > 190


def test_an_unknown_engine_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        rewrites(["altavista"], "off")
