"""GET /api/v1/stats/queries: off and explained, on with its rate, guarded like the rest, described truly."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from admin.api.appliance import Keys
from admin.config import load
from blocklists.model import Bit, BitRole
from resolver.sampling import sample_path


class Opened:
    """Stands for the generation in force: its bits are all that is asked of it."""

    bits = (Bit(7, BitRole.CATEGORY, "gambling"),)


@pytest.fixture
def sampling(appliance: Any, tmp_path: Path, now: float) -> None:
    path = tmp_path / "weir.yaml"
    path.write_text(path.read_text() + "telemetry: {query_sample: 1/500}\n")
    appliance.config = load(path)
    appliance.opened = Opened()
    records = b"".join(
        struct.pack("<QIHBBBBBBB", 1, int(now) - age, 1, 1, 0, 2, 7, 16, 0, 0).ljust(128, b"\0")
        for age in (5, 100, 3_599)
    )
    head = struct.pack("<8sIII", b"WEIRTAP1", 128, 3, 500).ljust(64, b"\0")
    sample_path(appliance.place.run, 0).write_bytes(head + records)


async def test_off_is_empty_and_says_how_to_switch_it_on(client: Any, now: float) -> None:
    answer = await (await client.get("/api/v1/stats/queries")).json()
    assert (answer["sampling"], answer["queries"], answer["since"]) == ("off", [], now - 60)
    assert "telemetry.query_sample" in answer["note"]


@pytest.mark.usefixtures("sampling")
@pytest.mark.parametrize(("question", "count"), [("", 1), ("?seconds=3600", 3), ("?seconds=1", 0)])
async def test_the_sample_of_the_last_seconds(client: Any, now: float, question: str, count: int) -> None:
    response = await client.get(f"/api/v1/stats/queries{question}")
    answer = await response.json()
    assert response.status == 200
    assert answer["sampling"] == "1/500"
    assert len(answer["queries"]) == count
    if count:
        assert answer["queries"][-1] == {
            "at": now - 5,
            "transport": "tcp",
            "qtype": 1,
            "rcode": 0,
            "decided": "category",
            "category": "gambling",
            "within": None,
            "name": None,
        }


@pytest.mark.usefixtures("sampling")
async def test_the_answer_has_the_shape_that_is_described(client: Any) -> None:
    schemas = (await (await client.get("/api/v1/openapi.json")).json())["components"]["schemas"]
    answer = await (await client.get("/api/v1/stats/queries")).json()
    assert set(answer) == set(schemas["QuerySample"]["required"])
    (query,) = answer["queries"]
    assert set(query) == set(schemas["SampledQuery"]["required"])
    assert query["decided"] in schemas["SampledQuery"]["properties"]["decided"]["enum"]


@pytest.mark.parametrize(
    "question",
    ["seconds=0", "seconds=3601", "seconds=-1", "seconds=", "seconds=1&seconds=2", "seconds=²", "client=1"],
)
async def test_wrong_questions(client: Any, question: str) -> None:
    assert (await client.get(f"/api/v1/stats/queries?{question}")).status == 400


async def test_it_asks_for_the_token(appliance: Any, client: Any) -> None:
    appliance.keys = Keys("local", "a-token-of-twenty-six-letters")
    assert (await client.get("/api/v1/stats/queries")).status == 401


@pytest.mark.usefixtures("sampling")
async def test_without_a_published_state_it_cannot_tell(appliance: Any, client: Any) -> None:
    appliance.opened = None
    assert (await client.get("/api/v1/stats/queries")).status == 503
