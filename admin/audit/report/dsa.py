"""What a provider needs of the log for its report under the EU Digital Services Act: Article 15 of Regulation (EU)
2022/2065, in the parts of the templates of Implementing Regulation (EU) 2024/2835 that concern mere conduits.

The log knows lists, not single orders, and nothing about the provider: those fields say who has to fill them, and why.
"""

from __future__ import annotations

from collections.abc import Iterable

from admin.audit.report.model import Document, add

ORDERED = {"statute", "court"}
VOLUNTARY = {"voluntary"}

FROM_THE_PROVIDER = "from-the-provider"
"""The provider knows it, the log does not."""
HOSTING_ONLY = "hosting-only"
"""Asked of hosting services or online platforms, not of a mere conduit."""
NOT_RECORDED = "not-recorded"
"""Nothing of the kind is written down by this version of the appliance."""

ABSENT: dict[str, str] = {
    "name-of-the-provider": FROM_THE_PROVIDER,
    "date-of-publication": FROM_THE_PROVIDER,
    "orders-by-member-state": FROM_THE_PROVIDER,
    "orders-by-type-of-content": FROM_THE_PROVIDER,
    "single-orders-art-9": FROM_THE_PROVIDER,
    "time-to-confirm-receipt-of-orders": FROM_THE_PROVIDER,
    "orders-for-information-art-10": FROM_THE_PROVIDER,
    "human-resources-and-training": FROM_THE_PROVIDER,
    "notices-art-16": HOSTING_ONLY,
    "trusted-flaggers": HOSTING_ONLY,
    "statements-of-reasons": HOSTING_ONLY,
    "out-of-court-disputes": HOSTING_ONLY,
    "suspensions-for-misuse-art-23": HOSTING_ONLY,
    "average-monthly-recipients": HOSTING_ONLY,
    "complaints": NOT_RECORDED,
    "error-rate-of-automated-means": NOT_RECORDED,
}
"""Field of the templates → why it is not here."""


def section(document: Document) -> Document:
    """The numbers that the log has."""
    lists = document["lists"]
    ordered = [item for item in lists.values() if item["legal_basis"] in ORDERED]
    own = [item for item in lists.values() if item["legal_basis"] in VOLUNTARY]
    period = document["period"]
    return {
        "service": "mere conduit",
        "first_day": period["first_day"],
        "last_day": period["last_day"],
        "orders": _measures(ordered),
        "own_initiative": _measures(own),
        "automated_means": {
            "versions_applied": _total(lists.values(), "versions"),
            "versions_held_for_a_person": _total(lists.values(), "held"),
            "versions_released": _total(lists.values(), "released"),
            "rollbacks": _total(lists.values(), "rollbacks"),
            "suspensions": _total(lists.values(), "suspensions"),
        },
        "absent": ABSENT,
    }


def _measures(lists: list[Document]) -> Document:
    """Lists of one sort of legal basis taken together."""
    added: int | None = 0
    removed: int | None = 0
    for item in lists:
        added, removed = add(added, item["added"]), add(removed, item["removed"])
    return {
        "lists": len(lists),
        "authorities": sorted({item["authority"] for item in lists if item["authority"]}),
        "versions": _total(lists, "versions"),
        "entries_added": added,
        "entries_removed": removed,
        "median_seconds_from_fetch_to_force": _median(lists),
    }


def _median(lists: list[Document]) -> int | None:
    """The largest of the lists' medians: what holds for each of them. From the fetch, which is the moment nearest to an
    order's arrival that the log knows.
    """
    found = [item["latency"]["since_fetch"]["median"] for item in lists]
    return max((value for value in found if value is not None), default=None)


def _total(lists: Iterable[Document], key: str) -> int:
    return sum(item[key] for item in lists)
