"""Where a benchmark runs: two network namespaces joined by veth, or loopback where these cannot be had.

The server side has CPU 0, the generator and the upstream share the last one. Nothing tracks connections in fresh
namespaces. On veth the kernel does the receiver's work on the sender's CPU; ``steer`` charges the server's receive work
to its own CPU (RPS). It is off by default: in virtual machines the interrupts between CPUs then cost three times what a
bare echo does, and every server looks alike.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType
from typing import Any

SERVER_CPU = 0
SERVER_ADDRESS, CLIENT_ADDRESS = "172.31.255.2", "172.31.255.1"
SOURCES = "10.64.0.0"
LOOPBACK_SOURCES = "127.64.0.0"
MTU = 1500
LOOKUPS = 100


@dataclass(frozen=True)
class Rig:
    """How to start programs on either side, and what a reader of the results must know."""

    address: str
    sources: str
    server: tuple[str, ...]
    client: tuple[str, ...]
    notes: tuple[str, ...]
    namespace: str | None = None
    """The server's; None on loopback."""
    client_namespace: str | None = None
    interface: str = ""
    """The client's end of the veth pair."""

    def open_socket(self) -> socket.socket:
        """A UDP socket on the client's side."""
        return _made_in(self.client_namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def connect(self, address: tuple[str, int], seconds: float) -> socket.socket:
        """A TCP connection on the server's side, with a timeout. OSError if there is none."""
        return _made_in(self.namespace, lambda: socket.create_connection(address, seconds))


def _made_in(namespace: str | None, make: Callable[[], socket.socket]) -> socket.socket:
    """A socket of a network namespace.

    A thread of its own makes it: entering a namespace cannot be undone, and holds for the calling thread alone.
    """
    if namespace is None:
        return make()

    def enter() -> socket.socket:
        from pyroute2 import netns

        netns.setns(namespace)
        return make()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter).result()


def unwind_on_sigterm() -> None:
    """Let SIGTERM end this process as an exception does: servers and namespaces are taken down on the way out."""
    owner = os.getpid()

    def end(_: int, __: FrameType | None) -> None:
        if os.getpid() != owner:  # pyroute2 forks helpers and ends them so; they must not take anything down
            os._exit(0)
        sys.exit(1)

    signal.signal(signal.SIGTERM, end)


@contextlib.contextmanager
def open_rig(*, loopback: bool = False, steer: bool = False) -> Iterator[Rig]:
    """The best rig that this machine allows; removed at the end."""
    why = "as asked" if loopback else _missing()
    if why:
        yield _loopback(why)
        return
    prefix = f"weir-bench-{os.getpid()}"
    client, server = f"{prefix}-c", f"{prefix}-s"
    try:
        _make(client, server)
        notes = ["two network namespaces joined by veth, no connection tracking"]
        if steer:
            _steer(server)
            notes.append("the server's receive work is steered to its CPU (RPS)")
        yield Rig(
            SERVER_ADDRESS,
            SOURCES,
            (*_inside(server), *_pinned(SERVER_CPU)),
            (*_inside(client), *_pinned(_client_cpu())),
            (*notes, *_cpu_notes()),
            server,
            client,
            f"wbc{os.getpid()}",
        )
    finally:
        _remove(client, server)


def _missing() -> str:
    """Why namespaces cannot be had here, or nothing."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for program in ("nsenter", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    try:
        import pyroute2  # noqa: F401  # only whether it is there
    except ImportError:
        return "pyroute2 is not installed"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine does not allow network namespaces"


def _client_cpu() -> int:
    return max(os.sched_getaffinity(0))


def _cpu_notes() -> tuple[str, ...]:
    if _client_cpu() == SERVER_CPU:
        return ("one CPU only: server and generator share it, rates mean little",)
    return (f"server on CPU {SERVER_CPU}, generator and upstream on CPU {_client_cpu()}",)


def _pinned(cpu: int) -> tuple[str, ...]:
    return ("taskset", "-c", str(cpu)) if shutil.which("taskset") else ()


def _inside(namespace: str) -> tuple[str, ...]:
    return ("nsenter", f"--net=/var/run/netns/{namespace}")


def _loopback(why: str) -> Rig:
    notes = (f"on loopback ({why}): no veth, no separate network stacks", *_cpu_notes())
    return Rig("127.0.0.1", LOOPBACK_SOURCES, _pinned(SERVER_CPU), _pinned(_client_cpu()), notes)


def _make(client: str, server: str) -> None:
    from pyroute2 import NetNS, netns

    netns.create(client)
    netns.create(server)
    names = {client: f"wbc{os.getpid()}", server: f"wbs{os.getpid()}"}
    with NetNS(client) as inside:  # never in the namespace of the machine itself
        peer = {"ifname": names[server], "net_ns_fd": server}
        inside.link("add", ifname=names[client], kind="veth", peer=peer)
    for namespace, address in ((client, CLIENT_ADDRESS), (server, SERVER_ADDRESS)):
        with NetNS(namespace) as inside:
            veth = _index(inside, names[namespace])
            loopback = _index(inside, "lo")
            inside.link("set", index=loopback, state="up")
            inside.addr("add", index=veth, address=address, prefixlen=30)
            inside.link("set", index=veth, state="up", mtu=MTU)
            if namespace == server:
                inside.route("add", dst="10.0.0.0/8", gateway=CLIENT_ADDRESS)
            else:  # every address of 10/8 is the client's own
                inside.route("add", dst="10.0.0.0/8", oif=loopback, type="local", scope="host", table=255)


def _index(route: Any, name: str) -> int:
    """The number of an interface. A listing that another change of the network interrupts may lack it: ask again."""
    for _ in range(LOOKUPS):
        if found := route.link_lookup(ifname=name):
            return int(found[0])
        time.sleep(0.02)
    raise SystemExit(f"the network interface {name} was made, but is not there")


def _steer(server: str) -> None:
    # iproute2 remounts /sys for the namespace, which is where this setting lives.
    path = f"/sys/class/net/wbs{os.getpid()}/queues/rx-0/rps_cpus"
    command = ["ip", "netns", "exec", server, "sh", "-c", f"echo {1 << SERVER_CPU:x} >{path}"]
    subprocess.run(command, check=True)


def _remove(*namespaces: str) -> None:
    from pyroute2 import netns

    for namespace in namespaces:
        with contextlib.suppress(OSError):
            netns.remove(namespace)
