"""The supervisor's loop: follows the published generations, keeps their processes running, says when all is ready."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

from admin.services.layout import Layout, read_layout
from admin.services.parts import Part
from admin.services.process_state import SupervisorState, file_of, write_state
from admin.services.serving import GATEWAY, served_generation
from admin.supervisor.children import REFUSAL, Kill, Phase
from admin.supervisor.fleet import Fleet, Program
from admin.supervisor.listening import failures, possible
from admin.supervisor.notifications import NotificationSocket
from admin.supervisor.plan import CONTROL, Plan
from admin.supervisor.sockets import unavailable
from resolver.runtime.notify import notify, watchdog_interval
from resolver.runtime.sockets import Address, SocketError
from resolver.tables.names import TablesError, current_generation

POLL_SECONDS = 0.2
"""How often the link to the generation in force is read; processes appear and go by it, answers do not wait for it."""
FIRST_RETRY = 2.0
"""Seconds until addresses that could not be had are tried again; doubled for each further time."""
LONGEST_RETRY = 60.0
"""Seconds between these attempts at most."""
GATEWAY_WAITS = 2.0
"""Seconds, once there is a generation, that the gateway's start waits for the workers to serve it: it would take the CPU from
them."""


class Supervisor:
    """Runs one plan until it is told to stop. One instance per process and event loop."""

    def __init__(self, plan: Plan, *, on_ready: Callable[[], None], say: Callable[[str], None]) -> None:
        """``on_ready`` is called once, when everything serves; ``say`` prints one line for the operator."""
        self._plan, self._on_ready, self._say_line = plan, on_ready, say
        self._wake = asyncio.Event()
        self._notifications = NotificationSocket()
        self._fleet = Fleet(
            os.environ, self._notifications.address, clock=time.monotonic, say=say, changed=self._wake.set
        )
        self._expected = plan.expected
        self._applied: int | None = None
        self._tried: int | None = None
        self._retry_at = 0.0
        self._retry_delay = FIRST_RETRY
        self._listen_failures: tuple[str, ...] = ()
        self._said = ""
        self._announced = False
        self._stopping = False
        self._reload_wanted = False
        self._written: object = None
        self._held_until = time.monotonic() + GATEWAY_WAITS

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; 0 after a clean stop, 2 if control, which says why, refuses the configuration."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        loop.add_reader(self._notifications, self._receive)
        try:
            self._begin()
            while not (self._stopping and self._fleet.gone):
                self._step()
                await self._sleep()
        finally:
            loop.remove_reader(self._notifications)
            self._notifications.close()
            self._fleet.pool.close()
            file_of(self._plan.place.run, self._plan.scope).unlink(missing_ok=True)
        return REFUSAL if self._fleet.refused else 0

    def _begin(self) -> None:
        """Start whoever serves what is in force, then control: answers come first, and what replaces them after that."""
        is_served = current_generation(self._plan.place.state) is not None
        if is_served:
            self._follow()
        if (control := self._plan.control(is_served=is_served)) is not None:
            self._fleet.want(CONTROL, control)

    # ---- one turn ----

    def _step(self) -> None:
        self._wake.clear()
        self._fleet.tick()
        if self._fleet.refused and not self._stopping:
            self._stop()
        if not self._stopping:
            self._follow()
            self._forward_reload()
            self._announce()
        self._write_states()
        notify("WATCHDOG=1")

    async def _sleep(self) -> None:
        limits = [POLL_SECONDS, watchdog_interval() or POLL_SECONDS]
        if (deadline := self._fleet.deadline) is not None:
            limits.append(max(0.0, deadline - time.monotonic()))
        try:
            async with asyncio.timeout(min(limits)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _follow(self) -> None:
        """Let the processes follow the generation in force; without one the data plane waits."""
        if not self._plan.data_plane:
            return
        generation = current_generation(self._plan.place.state)
        if generation is None:
            if self._fleet.phase(CONTROL) not in (None, Phase.WAITING):
                self._prepare()  # control is about to publish the first one
                return
            self._say_once(
                f"{self._plan.place.state}: no generation has been published yet; "
                "the data plane starts as soon as control has published one"
            )
        elif generation != self._applied and (
            generation != self._tried or time.monotonic() >= self._retry_at
        ):
            self._try(generation)

    def _prepare(self) -> None:
        """Start what the configuration asks for: workers that are ready when the first generation comes save time."""
        layout, self._expected = self._expected, None
        self._held_until = time.monotonic() + GATEWAY_WAITS
        if layout is not None:
            with contextlib.suppress(SocketError, OSError):  # said when a generation asks for the same
                self._apply(layout)

    def _try(self, generation: int) -> None:
        """Follow a generation as far as its addresses can be had; the rest is tried again later."""
        if generation != self._tried:
            self._tried, self._retry_delay = generation, FIRST_RETRY
        try:
            self._listen_failures = self._apply(read_layout(self._plan.place.state))
            trouble = "; ".join(self._listen_failures)
        except (TablesError, SocketError, OSError) as error:
            trouble = str(error)
        if not trouble:
            if not self._holds_back:
                self._applied = generation
            return
        self._say_once(f"cannot follow generation {generation}: {trouble}; trying again until it can be had")
        self._retry_at = time.monotonic() + self._retry_delay
        self._retry_delay = min(2 * self._retry_delay, LONGEST_RETRY)

    @property
    def _holds_back(self) -> bool:
        """At the start, whoever answers queries comes first: answers are worth more than pages about them."""
        if self._fleet.phase(GATEWAY) is not None or time.monotonic() >= self._held_until:
            return False
        return Part.RESOLVER in self._plan.parts and not self._fleet.serves_beside(CONTROL)

    def _apply(self, layout: Layout) -> tuple[str, ...]:
        """Run what the layout wants. Returns one sentence for each address that cannot be had."""
        wanted = self._plan.wanted(layout)
        if self._holds_back:
            wanted.pop(GATEWAY, None)
        problems = self._missing(wanted)
        for name, program in wanted.items():
            if (runnable := possible(program, self._fleet.program(name), problems)) is not None:
                self._fleet.want(name, runnable)
            self._fleet.trim(name)
        for name in self._fleet.names:
            if name != CONTROL and name not in wanted:
                self._fleet.unwant(name)
        return failures(problems)

    def _missing(self, wanted: Mapping[str, Program]) -> dict[Address, str]:
        """Bind what can be had for every program. Returns what cannot, with the reasons."""
        pool, problems = self._fleet.pool, {}
        if self._plan.probes:
            new = {address for program in wanted.values() for address in program.addresses}
            strangers = (address for address in new if not pool.holds_port(address))
            problems = unavailable(sorted(strangers, key=lambda address: (address.text, address.use)))
        for name, program in wanted.items():
            problems |= pool.acquire(name, (a for a in program.addresses if a not in problems))
        return problems

    def _announce(self) -> None:
        if self._announced or not self._fleet.names or not self._fleet.settled or not self._up_to_date():
            return
        self._announced = True
        notify("READY=1", f"STATUS=serving generation {self._applied or 0}")
        self._on_ready()

    def _up_to_date(self) -> bool:
        """Every process of the data plane serves the generation in force."""
        if not self._plan.data_plane:
            return True
        if self._applied is None or self._applied != current_generation(self._plan.place.state):
            return False
        run = self._plan.place.run
        names = (name for name in self._fleet.names if name != CONTROL)
        return all((served_generation(run, name) or 0) >= self._applied for name in names)

    def _write_states(self) -> None:
        state = SupervisorState(os.getpid(), self._fleet.states(), self._listen_failures)
        if state == self._written:
            return
        self._written = state
        try:
            write_state(file_of(self._plan.place.run, self._plan.scope), state)
        except OSError as error:  # a full disk must not stop the supervision
            self._say_once(f"cannot write the list of processes: {error}")

    # ---- events ----

    def _receive(self) -> None:
        for message in self._notifications.receive():
            self._fleet.heard(message)

    def _stop(self) -> None:
        if self._stopping:
            self._fleet.hurry()
            return
        self._stopping = True
        notify("STOPPING=1")
        self._fleet.stop()

    def _reload(self) -> None:
        self._reload_wanted = True
        self._wake.set()

    def _forward_reload(self) -> None:
        """Pass a reload on when control can take it: a signal before it listens would end it."""
        if not self._reload_wanted:
            return
        if self._fleet.phase(CONTROL) is None:
            self._reload_wanted = False
        elif self._fleet.phase(CONTROL) is Phase.READY:
            self._reload_wanted = False
            self._fleet.signal(CONTROL, Kill(signal.SIGHUP))

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say_line(text)


def say(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"weir: {text}\n")
    sys.stderr.flush()
