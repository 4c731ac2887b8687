"""What a process must not import before it serves: each of these costs a start 20 to 250 ms of CPU time."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = "import sys, {module}; print(*sorted(set(sys.modules) & set({names!r})))"


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (
            "admin.supervisor",
            [
                "aiohttp",
                "dns",
                "email",
                "pydantic_core",
                "rich.console",
                "structlog",
                "resolver.policy.model",
            ],
        ),
        ("admin.cli.serving", ["asyncio", "pydantic_core", "typer"]),
        ("admin.cli.app", ["asyncio", "email", "rich.console", "yaml"]),
        ("admin.control.process", ["aiohttp", "dns", "prometheus_client", "rich.console"]),
        ("resolver.worker", ["aiohttp", "blocklists.formats", "dns", "rich.console", "yaml"]),
        ("admin.store.database", ["alembic", "asyncpg"]),
        ("gateway.process", ["blocklists.formats", "dns", "rich.console", "yaml"]),
    ],
)
def test_a_start_does_not_wait_for(module: str, names: list[str]) -> None:
    probe = PROBE.format(module=module, names=names)
    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=50
    )
    assert found.stdout.split() == []
