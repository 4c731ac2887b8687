"""The servers that ``system`` stands for: the ``nameserver`` lines of resolv.conf(5)."""

from __future__ import annotations

from pathlib import Path

from admin.config.endpoints import DNS_PORT, HostPort

RESOLV_CONF = Path("/etc/resolv.conf")


def read_nameservers(path: Path = RESOLV_CONF) -> tuple[str, ...]:
    """``host:port`` of every nameserver, in order; lines that name none are passed over. OSError as from open(2)."""
    return parse_nameservers(path.read_bytes().decode("utf-8", "replace"))


def parse_nameservers(text: str) -> tuple[str, ...]:
    """The same from text. Addresses with a zone (``fe80::1%eth0``) are passed over: they hold on one link only."""
    servers = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            bracketed = f"[{words[1]}]" if ":" in words[1] else words[1]
            try:
                servers.append(str(HostPort.parse(f"{bracketed}:{DNS_PORT}")))
            except ValueError:
                continue
    return tuple(dict.fromkeys(servers))
