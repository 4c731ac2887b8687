"""The sheets of the EU's templates (Implementing Regulation (EU) 2024/2835, Annex I) that concern a mere conduit, as CSV, with
what the log knows in them. Pure.

Only rows that apply to all intermediary services are here, and only totals: the log knows lists, no single orders and no
kinds of content. A cell has a number where that is what the template asks for; what comes near it stands beside it, in
words, under "Contextual information". All other cells are the provider's to fill (``dsa.ABSENT`` says why).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

from admin.audit.report.model import Document

Row = Mapping[str, object]
"""Cells by their columns; the others are empty."""

_COMMON = ("Applicability", "Service", "Reporting period")
_ORDERS = (
    "{}umber of orders to act against illegal content received",
    "{}umber of specific items of information included in the total number of orders to act against illegal content",
    "Median time to inform the authority of the receipt of the order to act against illegal content",
    "Median time to give effect to the order to act against illegal content",
    "Number of orders to provide information",
    "Median time to inform the authority of the receipt of the order to provide information",
    "Median time to give effect to the order to provide information",
)
_MEASURES = (
    # The blanks at the end of some columns are the template's own.
    "Number of measures taken at the provider's own initiative ",
    "Number of measures taken after detection with solely automated means ",
    *(
        f"Visibility restriction {how}"
        for how in (
            "Removal", "Disable", "Demoted", "Age restricted", "Interaction restricted", "Labelled ", "Other"
        )
    ),
    *(f"Monetary restriction {how}" for how in ("Suspension", "Termination", "Other")),
    *(
        f"{what} {how}"
        for what in ("Provision of the service", "Account restriction")
        for how in ("Suspension", "Termination")
    ),
)  # fmt: skip
_OTHER = 'Description of the sub-category "Other"'
_ILLEGAL = "Category of illegal content"
_TERMS = "Category of incompatibility with the provider's terms and conditions"
_INDICATORS = (*_COMMON, "Section", "Indicator", "Scope", "Value", "Contextual Information")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "1_report_identification": ("Applicability", "Service", "Indicator", "Value"),
    "3_member_states_orders": (
        *_COMMON, _ILLEGAL, _OTHER, "Scope",
        *(name.format("N") for name in _ORDERS),
        *(f"Contextual information on {name.format('n')}" for name in _ORDERS),
    ),
    "5_own_initiative_illegal": (
        *_COMMON, _ILLEGAL, _OTHER, *_MEASURES, *(f"Contextual Information on {name}" for name in _MEASURES)
    ),
    "6_own_initiative_TC": (
        *_COMMON, _TERMS, _OTHER, *_MEASURES, *(f"Contextual Information on {name}" for name in _MEASURES)
    ),
    "7_appeals_and_recidivism": _INDICATORS,
    "8_automated_means": _INDICATORS,
    "11_qualitative": (*_COMMON, "Indicator", "Value"),
}  # fmt: skip
"""The columns of each sheet, as the Commission's CSV files have them."""

_MEANS = (
    "A DNS filter compares the names that subscribers ask for with lists that authorities and publishers provide. Versions of "
    "lists are fetched, verified, checked and applied by software. No content is looked at, and none is detected."
)
_SAFEGUARDS = (
    "Versions that shrink, grow or change oddly, or name protected or popular sites, are held back until a person decides. "
    "Every change is in a public log before it is enforced. Lists can be suspended and rolled back."
)


def sheets(document: Document) -> dict[str, bytes]:
    """The sheets of a report (``computing``) by the names of their files."""
    period, part = document["period"], document["dsa"]
    common: Row = {"Applicability": "All", "Reporting period": f"{period['first_day']}/{period['last_day']}"}
    rows: dict[str, list[Row]] = {
        "1_report_identification": _identification(period),
        "3_member_states_orders": [{_ILLEGAL: "TOTAL", "Scope": "TOTAL", **_orders(part["orders"])}],
        "5_own_initiative_illegal": [{_ILLEGAL: "TOTAL", **_own(part["own_initiative"])}],
        "6_own_initiative_TC": [{_TERMS: "TOTAL"}],
        "7_appeals_and_recidivism": [
            {
                "Section": "Internal complaints mechanism",
                "Indicator": "Number of complaints submitted to the internal-complaints mechanism",
                "Scope": "Total number",
            }
        ],
        "8_automated_means": _automated(part["automated_means"]),
        "11_qualitative": [
            {"Indicator": "Summary of the content moderation engaged in at the providers’ own initiative"},
            {
                "Indicator": "Meaningful and comprehensible information regarding content moderation engaged in at the "
                "providers' own initiative"
            },
            {"Indicator": "Qualitative description of the automated means", "Value": _MEANS},
            {
                "Indicator": "Qualitative description of indicators of accuracy and possible rate of error of automated means"
            },
            {"Indicator": "Specification of the precise purposes to apply automated means"},
            {"Indicator": "Safeguards applied to the use of automated means", "Value": _SAFEGUARDS},
        ],
    }
    return {
        f"{name}.csv": _written(columns, [{**common, **row} for row in rows[name]])
        for name, columns in COLUMNS.items()
    }


def archive(document: Document) -> bytes:
    """The sheets in one ZIP file, the same bytes wherever it is made."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as file:
        for name, content in sheets(document).items():
            file.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


def _identification(period: Document) -> list[Row]:
    known = {
        "Name of the service provider": "",
        "Date of the publication of the report": "",
        "Date of the publication of the latest previous report": "",
        "Starting date of reporting period": period["first_day"],
        "Ending date of reporting period": period["last_day"],
    }
    return [{"Indicator": indicator, "Value": value} for indicator, value in known.items()]


def _orders(part: Document) -> Row:
    _, items, _, effect, *_ = _ORDERS
    seconds = part["median_seconds_from_fetch_to_force"]
    return {
        items.format("N"): part["entries_added"],
        f"Contextual information on {items.format('n')}": _of_lists(part),
        f"Contextual information on {effect}": ""
        if seconds is None
        else f"{seconds} seconds from the fetch of a list's new version to force (the slowest list's median); when an order "
        "arrived at the list's authority is not known here.",
    }


def _own(part: Document) -> Row:
    measures, disabled = _MEASURES[0], "Visibility restriction Disable"
    return {
        measures: part["entries_added"],
        disabled: part["entries_added"],
        f"Contextual Information on {measures}": _of_lists(part),
        f"Contextual Information on {disabled}": "Names that are not resolved; what they lead to is not removed.",
    }


def _of_lists(part: Document) -> str:
    """What the number is made of."""
    by = f" ({', '.join(part['authorities'])})" if part["authorities"] else ""
    words = f"Entries added to blocking lists{by}; lists: {part['lists']}, new versions: {part['versions']}, removed: "
    if part["entries_added"] is None or part["entries_removed"] is None:
        return f"{words}not published. The numbers of some lists are not published."
    return f"{words}{part['entries_removed']}."


def _automated(part: Document) -> list[Row]:
    words = (
        f"{part['versions_applied']} versions of lists were applied; {part['versions_held_for_a_person']} were held back "
        f"for a person, who released {part['versions_released']}. {part['rollbacks']} rollbacks, {part['suspensions']} "
        "suspensions. Entries are not counted by who applied them."
    )
    measures = "Number of measures solely taken by automated means "
    section = {"Section": "Use of automated means for content moderation"}
    return [
        section | {"Indicator": measures, "Scope": "Total number", "Contextual Information": words},
        *(
            section | {"Indicator": f"Accuracy of the automated means - {what}", "Scope": "Total number"}
            for what in ("Accuracy", "Precision", "Recall")
        ),
    ]


def _written(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows([{name: _cell(value) for name, value in row.items()} for row in rows])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Text that a spreadsheet would compute (it may come out of somebody else's log) is shown instead."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
