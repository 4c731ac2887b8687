"""The EU's sheets: their columns, what of a report stands where, and that nothing else does."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest

from admin.audit.report.sheets import COLUMNS, archive, sheets


@pytest.fixture
def document(maker: Any) -> dict[str, Any]:
    """A report with an order list of published numbers and a voluntary one without."""
    source = {"auth": "=1+1", "basis": "court"}
    maker.change("2026-01-10", "list.sync", list="court", chg={"add": 7, "del": 2, "n": 8}, src=source)
    maker.change("2026-01-10", "list.sync", list="iwf")
    found: dict[str, Any] = maker.report("2026-01")
    return found


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def filled(row: dict[str, str]) -> dict[str, str]:
    common = ("Applicability", "Reporting period")
    return {key: value for key, value in row.items() if value and key not in common}


def test_every_sheet_has_the_columns_of_the_template(document: dict[str, Any]) -> None:
    numbers = {name: len(columns) for name, columns in COLUMNS.items()}
    assert numbers == {
        "1_report_identification": 4, "3_member_states_orders": 20, "5_own_initiative_illegal": 37,
        "6_own_initiative_TC": 37, "7_appeals_and_recidivism": 8, "8_automated_means": 8, "11_qualitative": 5,
    }  # fmt: skip
    for name, data in sheets(document).items():
        found = rows(data)
        assert tuple(found[0]) == COLUMNS[name.removesuffix(".csv")]
        for row in found:
            assert row["Applicability"] == "All"
            assert row["Service"] == "", "the provider's to say"
            assert row.get("Reporting period", "2026-01-01/2026-01-31") == "2026-01-01/2026-01-31"


def test_orders_have_what_the_log_knows_of_them(document: dict[str, Any]) -> None:
    (row,) = rows(sheets(document)["3_member_states_orders.csv"])
    items = "umber of specific items of information included in the total number of orders to act against illegal content"
    assert filled(row) == {
        "Category of illegal content": "TOTAL",
        "Scope": "TOTAL",
        f"N{items}": "7",
        f"Contextual information on n{items}": "Entries added to blocking lists (Court); lists: 1, new versions: 1, removed: 2.",
    }


def test_what_is_not_published_is_no_number(document: dict[str, Any]) -> None:
    (row,) = rows(sheets(document)["5_own_initiative_illegal.csv"])
    found = filled(row)
    assert found.pop("Category of illegal content") == "TOTAL"
    assert all(key.startswith("Contextual Information on ") for key in found)
    assert "not published" in " ".join(found.values())
    document["dsa"]["own_initiative"] |= {"entries_added": 0, "entries_removed": 0}
    (row,) = rows(sheets(document)["5_own_initiative_illegal.csv"])
    assert row["Visibility restriction Disable"] == "0"


def test_text_is_never_a_formula(document: dict[str, Any]) -> None:
    document["period"]["first_day"] = "=HYPERLINK(1)"
    values = [row["Value"] for row in rows(sheets(document)["1_report_identification.csv"])]
    assert "'=HYPERLINK(1)" in values
    assert not any(value.startswith("=") for value in values)


def test_the_archive_has_the_same_bytes_wherever_it_is_made(document: dict[str, Any]) -> None:
    assert archive(document) == archive(document)
    with zipfile.ZipFile(io.BytesIO(archive(document))) as file:
        assert file.testzip() is None
        assert {name: file.read(name) for name in file.namelist()} == sheets(document)
