"""What the IWF's self-certification asks for (its URL List Testing Policy): whether the system passed the tests of each
quarter. A certificate says no more than that, and neither do these numbers.

They are given for every list of illegal content whose basis is voluntary, whoever its authority is: the log knows no
licences.
"""

from __future__ import annotations

from admin.audit.report.model import Document

FROM_THE_PROVIDER = "from-the-provider"
ABSENT: dict[str, str] = {
    "name-of-the-provider": FROM_THE_PROVIDER,
    "signature-of-a-responsible-person": FROM_THE_PROVIDER,
    "notice-of-failed-tests-to-the-authority": FROM_THE_PROVIDER,
    "tests-of-the-authoritys-own-page": FROM_THE_PROVIDER,
}


def section(document: Document) -> Document:
    """By list: what the tests found."""
    lists = {
        list_id: _tested(item)
        for list_id, item in document["lists"].items()
        if item["kind"] == "illegal" and item["legal_basis"] == "voluntary"
    }
    return {"lists": lists, "absent": ABSENT}


def _tested(item: Document) -> Document:
    tests = item["tests"]
    if tests is None:
        return {"tested": False, "passed": None, "days": 0, "failing": 0, "outages": 0, "seconds_failing": 0}
    results = tests["results"]
    good = sum(path["good"] for path in tests["transports"].values())
    bad = sum(path["wrong"] + path["silent"] for path in tests["transports"].values())
    is_told = bool(results["working"] or results["failing"] or good or bad)
    return {
        "tested": is_told,
        "passed": (not tests["outages"] and not results["failing"] and not bad) if is_told else None,
        "days": tests["days"],
        "failing": results["failing"],
        "outages": len(tests["outages"]),
        "seconds_failing": tests["seconds_failing"],
    }
