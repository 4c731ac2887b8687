"""Which generation a process serves, as its counter page says."""

from __future__ import annotations

from pathlib import Path

from admin.services.serving import page_of, resolver_name, served_generation
from resolver.runtime.counters import CounterPage


def test_served_generations(tmp_path: Path) -> None:
    page = CounterPage(page_of(tmp_path, resolver_name(3)), ("generation",))
    page.set(0, 5)
    assert page_of(tmp_path, "resolver-3").name == "worker-3.counters"
    assert served_generation(tmp_path, "resolver-3") == 5
    assert served_generation(tmp_path, "gateway") is None
