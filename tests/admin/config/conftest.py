"""What the tests of the configuration share: files written and read as an operator would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from admin.config import Config, ConfigError, load

SMALLEST = """\
data_dir: var
resolver:
  listen: ["127.0.0.1:5300"]          # UDP and TCP
  workers: 1                          # or: auto
  upstreams: ["127.0.0.1:5399"]       # later also tls://name@address, https://host/path
  cache: {size: 64MiB}
gateway:
  answer: {ipv4: 192.0.2.80, ipv6: "2001:db8::80"}   # what blocked names resolve to
  listen: ["127.0.0.1:8080"]
admin:
  listen: "127.0.0.1:8000"
lists:
  - id: bets
    url: file:domains.txt             # or https://…; zone transfers have their own keys
    format: domains                   # hosts domains adblock rpz urls csv json hashes
    kind: category                    # category | illegal | security | protected
    categories: [gambling]
profiles:
  strict: {block: [gambling]}
  open: {block: []}
default_profile: strict               # for whoever is not identified
subscribers:
  - {id: home-17, profile: open, addresses: ["127.0.0.17/32"]}
"""


@pytest.fixture
def smallest() -> str:
    """The smallest useful configuration, to the letter of DESIGN.md section 7."""
    return SMALLEST


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], Config]:
    """Write a configuration and load it."""

    def read_text(text: str | bytes) -> Config:
        path = tmp_path / "weir.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path)

    return read_text


@pytest.fixture
def complaints(read: Callable[[str | bytes], Config], tmp_path: Path) -> Callable[[str | bytes], list[str]]:
    """Write a configuration that is wrong; what is said about it, without the folder."""

    def errors_of(text: str | bytes) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return errors_of
