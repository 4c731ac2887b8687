"""Value types for addresses: where to listen, whom to ask, who somebody is, where a list comes from. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import ClassVar, Self
from urllib.parse import urlsplit

from admin.config.problems import shown
from admin.config.values import TextValue

DNS_PORT = 53


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)  # a zone holds on one link of one machine
    except ValueError:
        return None


def _split(text: str) -> tuple[IPv4Address | IPv6Address | None, str]:
    """Address and port text of ``a.b.c.d:port`` or ``[v6]:port``; an address without a port gives "" for it."""
    if match := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text):
        address = _address(match[1])
        return (address if isinstance(address, IPv6Address) else None), match[2] or ""
    if (address := _address(text)) is not None:
        return address, ""
    host, _, port = text.rpartition(":")
    address = _address(host)
    return (address if isinstance(address, IPv4Address) else None), port


def _port(text: str) -> int | None:
    number = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
    return number if 1 <= number <= 65_535 else None


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


@dataclass(frozen=True, slots=True)
class HostPort(TextValue):
    """An address and port to listen on: ``127.0.0.1:5300``, ``[::1]:53``."""

    WORDS: ClassVar[str] = "an address with a port"
    PLURAL: ClassVar[str] = "addresses with a port"
    REMEDY: ClassVar[str] = "write for example 127.0.0.1:53 or [::1]:53"
    PATTERN: ClassVar[str] = r"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}$"

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach it."""
        return ip_address(self.host).is_loopback

    @classmethod
    def parse(cls, text: str) -> Self:
        """An IP address and a port from 1 to 65535."""
        address, port_text = _split(text)
        if address is None:
            raise ValueError(f"{shown(text)} is not an address with a port; {cls.REMEDY}")
        port = _port(port_text)
        if port is None:
            what = (
                f"port {shown(port_text)} is not from 1 to 65535"
                if port_text
                else f"{shown(text)} has no port"
            )
            raise ValueError(f"{what}; write for example {_joined(str(address), DNS_PORT)}")
        return cls(str(address), port)

    def __str__(self) -> str:
        """``host:port``, IPv6 in brackets."""
        return _joined(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Upstream(TextValue):
    """A server that answers what is not known here; ``system`` stands for those of /etc/resolv.conf."""

    WORDS: ClassVar[str] = "an upstream server"
    PLURAL: ClassVar[str] = "upstream servers"
    REMEDY: ClassVar[str] = (
        "write an address such as 9.9.9.9, an address with a port such as 127.0.0.1:5399, or system"
    )
    PATTERN: ClassVar[str] = r"^(system|\[?[0-9A-Fa-f:.]+\]?(:[0-9]{1,5})?)$"

    host: str
    port: int

    @property
    def is_system(self) -> bool:
        """It stands for the servers of /etc/resolv.conf."""
        return not self.host

    @classmethod
    def parse(cls, text: str) -> Self:
        """An IP address with or without a port, or ``system``."""
        if text == "system":
            return cls("", 0)
        scheme = text.partition("://")[0].lower()
        if scheme in {"tls", "https", "quic", "h3", "sdns"}:
            raise ValueError(
                f"{shown(text)}: this version does not forward over {scheme}:// yet; write an address, which is asked "
                "over UDP and TCP"
            )
        address, port_text = _split(text)
        port = _port(port_text) if port_text else DNS_PORT
        if address is None or port is None or text.endswith(":"):
            raise ValueError(f"{shown(text)} is not an upstream server; {cls.REMEDY}")
        return cls(str(address), port)

    def __str__(self) -> str:
        """``system``, or ``host:port``."""
        return _joined(self.host, self.port) if self.host else "system"


@dataclass(frozen=True, slots=True)
class Prefix(TextValue):
    """An address or network: ``192.0.2.17``, ``10.0.0.0/8``, ``2001:db8::/56``."""

    WORDS: ClassVar[str] = "an address or network"
    PLURAL: ClassVar[str] = "addresses or networks"
    REMEDY: ClassVar[str] = "write for example 192.0.2.17, 10.0.0.0/8 or 2001:db8::/56"
    PATTERN: ClassVar[str] = r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"

    network: IPv4Network | IPv6Network

    @classmethod
    def parse(cls, text: str) -> Self:
        """CIDR form, or an address alone. Bits beyond the prefix length must be zero."""
        try:
            loose = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{shown(text)} is not an address or network; {cls.REMEDY}") from None
        if "%" in text or not re.fullmatch(r"[0-9]{1,3}", text.partition("/")[2] or str(loose.prefixlen)):
            raise ValueError(f"{shown(text)} is not an address or network; {cls.REMEDY}")
        if ip_address(text.partition("/")[0]) != loose.network_address:
            raise ValueError(f"{shown(text)} has bits beyond its prefix length; did you mean {loose}?")
        if (
            isinstance(loose, IPv6Network)
            and loose.prefixlen >= 96
            and loose.network_address.ipv4_mapped is not None
        ):
            plain = IPv4Network((loose.network_address.ipv4_mapped, loose.prefixlen - 96))
            raise ValueError(f"{shown(text)} never stands in a packet; write {plain}")
        return cls(loose)

    def __str__(self) -> str:
        """Always with the prefix length."""
        return str(self.network)


@dataclass(frozen=True, slots=True)
class ListUrl(TextValue):
    """Where a list comes from: ``file:`` and a path, or ``https://…``."""

    WORDS: ClassVar[str] = "the address of a list"
    REMEDY: ClassVar[str] = "write file: with a path, or an https:// address"
    PATTERN: ClassVar[str] = r"^([Ff][Ii][Ll][Ee]:|[Hh][Tt][Tt][Pp][Ss]://)."

    text: str

    @property
    def path(self) -> str | None:
        """The path as written, of a ``file:`` address; None for https."""
        if not self.text.startswith("file:"):
            return None
        rest = self.text.removeprefix("file:")
        return rest.removeprefix("//") if rest.startswith("///") else rest

    @classmethod
    def parse(cls, text: str) -> Self:
        """``file:`` or ``https:`` with what belongs there."""
        if not text.isprintable() or text != text.strip():
            raise ValueError(f"{shown(text)} has blanks or control characters; {cls.REMEDY}")
        scheme = text.partition(":")[0].lower()
        if scheme == "http":
            raise ValueError(
                f"{shown(text)}: a list over http:// can be changed on its way; write https:// or a file"
            )
        if scheme == "file":
            return cls._parse_file(text)
        if scheme != "https" or " " in text or not _has_host(text):
            raise ValueError(f"{shown(text)} is not the address of a list; {cls.REMEDY}")
        return cls(text)

    @classmethod
    def _parse_file(cls, text: str) -> Self:
        url = cls("file:" + text[5:])
        if not url.path:
            raise ValueError(f"{shown(text)} names no file; write for example file:domains.txt")
        if url.path.startswith("//"):
            raise ValueError(f"{shown(text)} names a host; write file: and a path on this machine")
        return url

    def __str__(self) -> str:
        """As written."""
        return self.text


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
