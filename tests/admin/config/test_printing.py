"""What is printed is what is in force: reading it again gives the same."""

from __future__ import annotations

from collections.abc import Callable

from admin.config import Config
from admin.config.printing import as_flow, effective
from admin.config.values import Duration, Size


def same(first: Config, second: Config) -> bool:
    return first.model_dump() == second.model_dump()


def test_the_smallest_configuration_prints_back(read: Callable[[str], Config], smallest: str) -> None:
    config = read(smallest)
    assert same(read(effective(config)), config)


def test_words_that_yaml_likes_to_turn_print_back(read: Callable[[str], Config]) -> None:
    config = read(
        "node: 'no'\n"
        "resolver: {upstreams: [127.0.0.1:5399], workers: auto, query_timeout: 1.5s}\n"
        "gateway: {provider: 'Café: [ISP] # 1', contact: '0123 456', listen: ['[::1]:80']}\n"
        "categories: {'12': {title: 'null'}, 'no': {title: Norway}}\n"
        "profiles: {'true': {block: ['12', 'no'], allow: [=a.example], allow_only: [], youtube: off}}\n"
        "default_profile: 'true'\n"
        "admin: {token_file: token}\n"
    )
    assert config.profiles["true"].block == ("12", "no")
    assert same(read(effective(config)), config)


def test_a_list_from_the_catalogue_prints_back(read: Callable[[str], Config]) -> None:
    config = read(
        "resolver: {upstreams: [127.0.0.1:5399]}\nlists: [{catalogue: ut1-gambling, refresh: 2d}]\n"
    )
    assert same(read(effective(config)), config)


def test_one_value_on_one_line() -> None:
    assert as_flow((Duration(1000), Size(1024))) == "[1s, 1KiB]"
    assert as_flow(False) == "false"
