"""What a report cannot show. Words for pages stand in their templates; here are the codes and when they apply."""

from __future__ import annotations

from admin.audit.report.model import Document

ALWAYS = (
    "enforcement-is-the-operators-word",
    "times-are-the-operators-word",
    "hits-are-not-people",
    "pages-are-not-counted",
    "single-entries",
    "other-resolvers",
    "no-appeals",
    "no-share-of-abuse",
)
"""No log proves that every resolver obeyed, and so on: true of every report."""


def limits_of(document: Document) -> list[str]:
    """The codes that hold for this report, in a fixed order."""
    counters, lists, log = document["counters"], document["lists"], document["log"]
    oldest = [*log["earlier"], log][0]
    found = {
        "period-not-over": not document["period"]["complete"],
        "log-begins-in-the-period": oldest["first_leaf"] == 0,
        "silences": bool(log["silences"]),
        "days-without-numbers": counters["days_without_numbers"] > 0,
        "lists-without-tests": any(item["tests"] is None for item in lists.values() if item["in_force"]),
        "numbers-of-lists-not-published": any(item["added"] is None for item in lists.values()),
    }
    return [*ALWAYS, *(code for code, applies in found.items() if applies)]
