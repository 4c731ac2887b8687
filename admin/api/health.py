"""GET /healthz and /readyz."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus

from aiohttp import web

from admin.api.appliance import Condition
from admin.api.describing import (
    COUNT,
    FLAG,
    MAYBE_COUNT,
    MOMENT,
    TEXT,
    Paths,
    Schema,
    array,
    exactly,
    json,
    operation,
    plain_text,
    ref,
)
from admin.api.keys import APPLIANCE
from admin.api.lists_status import FOR_ANYBODY
from admin.api.metrics_proofs import REFUSED
from admin.api.readiness import Readiness, judge
from admin.services.process_state import ProcessState
from admin.services.processes import read_listen_failures, read_states
from admin.services.serving import read_pages, served_generation

PATHS: Paths = {
    "/healthz": {"get": operation("The process is alive", {"200": plain_text("ok")})},
    "/readyz": {
        "get": operation(
            "All processes serve the current generation and the lists that must be loaded are",
            {"200": json("Ready", ref("Readiness")), "503": json("Not ready", ref("Readiness"))},
        )
    },
}
SCHEMAS: dict[str, Schema] = {
    "Readiness": exactly(
        ready=FLAG,
        generation=MAYBE_COUNT,
        problems=array(TEXT),
        warnings=array(TEXT),
        processes=array(exactly(name=TEXT, alive=FLAG, generation=MAYBE_COUNT, restarts=COUNT)),
        lists=array(exactly(**FOR_ANYBODY)),
        config=exactly(loaded=MOMENT, accepted=COUNT, rejected=COUNT, problems=array(TEXT)),
    )
}


async def healthz(_request: web.Request) -> web.Response:
    """This process is alive; says nothing of the others."""
    return web.Response(text="ok\n")


async def readyz(request: web.Request) -> web.Response:
    """Every process serves the current generation and every list that must be loaded is; 503 with reasons if not."""
    appliance = request.app[APPLIANCE]
    condition = appliance.condition()
    run = appliance.place.run
    processes = read_states(run)
    served = {name: served_generation(run, name) for name in condition.processes}
    refused = {name: read_pages(run, name).get(REFUSED, 0) for name in condition.processes}
    readiness = judge(condition, processes, served, read_listen_failures(run), refused)
    status = HTTPStatus.OK if readiness.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return web.json_response(_detail(readiness, condition, processes, served), status=status)


def _detail(
    readiness: Readiness,
    condition: Condition,
    processes: dict[str, ProcessState],
    served: dict[str, int | None],
) -> dict[str, object]:
    return {
        "ready": readiness.ready,
        "generation": condition.generation,
        "problems": readiness.problems,
        "warnings": readiness.warnings,
        "processes": [
            {
                "name": name,
                "alive": name in processes and processes[name].alive,
                "generation": served[name],
                "restarts": processes[name].restarts if name in processes else 0,
            }
            for name in condition.processes
        ],
        "lists": [{name: getattr(item, name) for name in FOR_ANYBODY} for item in condition.lists],
        "config": asdict(condition.config),
    }
