"""The supervisor from outside: real processes, real signals, real sockets."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from resolver.runtime.priority import BEHIND_QUERIES

Start = Callable[..., Any]
Ask = Callable[..., "tuple[int, str, int] | None"]
Address = Callable[[], str]
Wait = Callable[..., Any]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_says_ready_when_all_serve_and_stops_cleanly(start: Start, ask: Ask, address: Address) -> None:
    where = address()
    weir = start([{"listen": [where], "workers": 2, "gateway": [address()]}])
    weir.wait_ready()
    assert weir.output == "weir: ready\n"
    states = weir.states()
    assert {name: state["phase"] for name, state in states.items()} == dict.fromkeys(
        ("control", "resolver-0", "resolver-1", "gateway"), "ready"
    )
    assert states["gateway"]["status"] == "echoing"
    assert ask(where) is not None
    assert weir.stop() == 0
    assert not any(exists(state["pid"]) for state in states.values())
    assert weir.states() == {}
    assert weir.said == ""  # nothing was worth a word


def test_the_gateway_begins_when_all_workers_serve(start: Start, address: Address, wait: Wait) -> None:
    weir = start([{"listen": [address()], "workers": 2, "gateway": [address()]}], gateway_waits=300.0)
    states = wait(lambda: found if "gateway" in (found := weir.states()) else None, "the gateway")
    assert {states[name]["phase"] for name in ("resolver-0", "resolver-1")} == {"ready"}
    weir.wait_ready()


def test_the_gateway_does_not_wait_for_a_broken_worker(
    start: Start, address: Address, tmp_path: Path, wait: Wait
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "broken-0").touch()
    weir = start([{"listen": [address()], "workers": 1, "gateway": [address()]}])
    phases = wait(
        lambda: (
            {name: state["phase"] for name, state in found.items()}
            if (found := weir.states()).get("gateway", {}).get("phase") == "ready"
            else None
        ),
        "the gateway",
    )
    assert phases["resolver-0"] != "ready"


def test_interrupt_is_a_clean_stop_too(start: Start, address: Address) -> None:
    weir = start([{"listen": [address()], "workers": 1}])
    weir.wait_ready()
    assert weir.stop(signal.SIGINT) == 0


def test_a_killed_worker_is_started_again_and_finds_its_queue(
    start: Start, ask: Ask, address: Address, wait: Wait
) -> None:
    where = address()
    weir = start([{"listen": [where], "workers": 1}])
    weir.wait_ready()
    first = weir.states()["resolver-0"]["pid"]
    os.kill(first, signal.SIGKILL)
    answer = ask(where, timeout=20.0)  # asked while nobody reads: the datagram waits for the successor
    assert answer is not None
    assert answer[0] != first
    weir.wait_said("weir: resolver-0 was killed by SIGKILL (9); starting it again in 0.1 s\n")
    wait(lambda: weir.states()["resolver-0"]["restarts"] == 1)
    assert weir.output.count("weir: ready") == 1


def test_a_hung_worker_is_killed_and_started_again(start: Start, ask: Ask, address: Address) -> None:
    where = address()
    weir = start([{"listen": [where], "workers": 1}], watchdog=2.0)
    weir.wait_ready()
    os.kill(weir.states()["resolver-0"]["pid"], signal.SIGSTOP)
    weir.wait_said("weir: resolver-0 was silent for 2 s: killed\n")
    assert ask(where, timeout=20.0) is not None


def test_a_worker_that_keeps_failing_leaves_its_share_to_the_others(
    start: Start, ask: Ask, address: Address
) -> None:
    where = address()
    weir = start([{"listen": [where], "workers": 2}])
    weir.wait_ready()
    (weir.folder / "run" / "broken-1").touch()
    os.kill(weir.states()["resolver-1"]["pid"], signal.SIGKILL)
    weir.wait_said("starting it again in 1.6 s")
    answers = [ask(where, timeout=20.0) for _ in range(40)]
    assert [answer[1] for answer in answers if answer] == ["0"] * 40


def test_without_a_generation_nobody_is_served(start: Start, ask: Ask, address: Address) -> None:
    weir = start([None])
    weir.wait_said(
        "no generation has been published yet; the data plane starts as soon as control has published one"
    )
    weir.wait_said("starting it again in 0.4 s")
    assert set(weir.states()) == {"control"}
    assert weir.output == ""
    assert weir.stop() == 0


def test_the_last_good_generation_is_served_while_control_fails(
    start: Start, ask: Ask, address: Address
) -> None:
    where = address()
    first = start([{"listen": [where], "workers": 1}])
    first.wait_ready()
    first.stop()
    second = start([None])
    second.wait_said("starting it again in 0.4 s")
    answer = ask(where, timeout=20.0)
    assert answer is not None
    assert answer[2] == 1
    assert second.output == ""  # serving, but not ready: control is down
    assert second.stop() == 0


def test_a_restart_begins_with_who_serves_what_is_in_force(
    start: Start, address: Address, wait: Wait
) -> None:
    layout = {"listen": [address()], "workers": 1, "gateway": [address()]}
    first = start([layout])
    first.wait_ready()
    assert list(first.states()) == ["control", "resolver-0", "gateway"]  # nothing was in force
    assert os.getpriority(os.PRIO_PROCESS, first.states()["control"]["pid"]) == os.nice(0)
    first.stop()
    second = start([layout])
    second.wait_ready()
    states = second.states()
    assert list(states) == ["resolver-0", "control", "gateway"]
    assert os.getpriority(os.PRIO_PROCESS, states["resolver-0"]["pid"]) == os.nice(0)
    assert os.getpriority(os.PRIO_PROCESS, states["control"]["pid"]) == max(os.nice(0), BEHIND_QUERIES)


def test_other_addresses_replace_workers_without_losing_a_query(
    start: Start, ask: Ask, address: Address, wait: Wait
) -> None:
    stays, added = address(), address()
    weir = start([{"listen": [stays], "workers": 2}, {"listen": [stays, added], "workers": 1}])
    weir.wait_ready()
    before = {weir.states()[name]["pid"] for name in ("resolver-0", "resolver-1")}
    answers, stopping = [], threading.Event()

    def keep_asking() -> None:
        while not stopping.is_set():
            answers.append(ask(stays))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    weir.process.send_signal(signal.SIGHUP)
    wait(lambda: ask(added, timeout=0.2), "an answer on the new address")
    wait(lambda: not any(exists(pid) for pid in before), "the end of the old workers")
    stopping.set()
    asking.join()
    assert answers
    assert None not in answers
    assert {answer[0] for answer in answers} & before
    assert set(weir.states()) == {"control", "resolver-0"}


def test_an_address_that_is_taken_is_told_and_tried_again_while_the_rest_is_followed(
    start: Start, ask: Ask, address: Address, wait: Wait
) -> None:
    where, added = address(), address()
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        weir = start(
            [
                {"listen": [where], "workers": 1},
                {"listen": [taken, added], "workers": 2, "gateway": [address()]},
            ]
        )
        weir.wait_ready()
        assert weir.listen_failures == []
        weir.process.send_signal(signal.SIGHUP)
        words = f"{taken} (UDP) is in use by another program: stop it or change resolver.listen"
        weir.wait_said(f"cannot follow generation 2: {words}; trying again")
        wait(lambda: weir.listen_failures == [words])
        assert ask(where, timeout=20.0) is not None
        assert ask(added, timeout=20.0) is not None
        assert set(weir.states()) == {"control", "resolver-0", "resolver-1", "gateway"}
    wait(lambda: weir.listen_failures == [], "the retry")
    assert ask(taken, timeout=20.0) is not None
    wait(lambda: ask(where, timeout=0.2) is None, "the end of the old address")
    assert weir.said.count("cannot follow") == 1


def test_with_no_address_to_be_had_the_old_one_serves(start: Start, ask: Ask, address: Address) -> None:
    where = address()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        weir = start([{"listen": [where], "workers": 1}, {"listen": [taken], "workers": 1}])
        weir.wait_ready()
        before = weir.states()["resolver-0"]["pid"]
        weir.process.send_signal(signal.SIGHUP)
        weir.wait_said(f"cannot follow generation 2: {taken} (TCP) is in use by another program")
        answer = ask(where)
        assert answer is not None
        assert answer[0] == before
        assert ask(taken, timeout=0.2) is None  # half an address is none


def test_no_child_outlives_a_killed_supervisor(start: Start, address: Address, wait: Wait) -> None:
    where = address()
    weir = start([{"listen": [where], "workers": 2, "gateway": [address()]}])
    weir.wait_ready()
    children = [state["pid"] for state in weir.states().values()]
    weir.stop(signal.SIGKILL)
    wait(lambda: not any(exists(pid) for pid in children), "the end of the orphans")
    again = start([{"listen": [where], "workers": 1}])
    again.wait_ready()


def test_the_resolver_alone_waits_for_a_generation(start: Start, ask: Ask, address: Address) -> None:
    where = address()
    alone = start([], parts=("resolver",))
    alone.wait_said("the data plane starts as soon as control has published one")
    start([{"listen": [where], "workers": 1}], parts=("admin",)).wait_ready()
    alone.wait_ready()
    assert ask(where) is not None
    assert set(alone.states("resolver")) == {"resolver-0"}


def test_slots_run_apart_share_the_address(start: Start, ask: Ask, address: Address) -> None:
    where = address()
    start([{"listen": [where], "workers": 2}], parts=("admin",)).wait_ready()
    slots = [start([], parts=("resolver",), slot=slot) for slot in (0, 1)]
    for slot in slots:
        slot.wait_ready()
    assert {answer[1] for answer in (ask(where) for _ in range(40)) if answer} == {"0", "1"}
