"""The verdict on one page: which lists name it, and what is enforced of that here and now. Pure.

Rule: lists that are secret are never looked at. A page that only they name reads, byte for byte, like one that no list
names (requirement C3); who may ask about them asks one list, with a reason (``asking``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from blocklists.canonical import CanonicalUrl
from blocklists.model import Disposition, Kind
from blocklists.urls.index import Hit
from blocklists.urls.records import Reach
from resolver.policy.model import Listing, Masks, Verdict, VerdictAction
from resolver.policy.verdict import Case, decide
from resolver.tables.heard import is_heard
from resolver.tables.model import Tables

UNLISTED = "No list that may be asked about names this page."
_HOST = "Its host is blocked, and the page with it."
_HTTPS = (
    "Nothing stops it: over https only the host can be seen, and an entry for a page never blocks its host. That would "
    "take an entry for the host itself."
)
_HTTP = (
    "Nothing stops it now: DNS sees the host only, which an entry for a page never blocks, and no URL filter runs on "
    "this box. One could, because the request is in clear text."
)
_ENDED = "That is not enforced now: the list is suspended, or too old for its web addresses to count."
_REACHES: Mapping[Reach, str] = {
    Reach.URL: "exactly this page",
    Reach.URL_PREFIX: "all pages whose address begins so",
    Reach.HASHED_EXPRESSION: "by a digest of its address or a part of it",
    Reach.HASHED_SITE: "by a digest of its host",
    Reach.HASHED_HOST: "by a digest of its host",
    Reach.HASHED_PATH: "by digests of its host and path",
}


class FindsPages(Protocol):
    """The part of ``blocklists.urls.index.UrlIndex`` that is asked here."""

    def find(self, url: CanonicalUrl, /) -> tuple[Hit, ...]:
        """The lists that name a URL, without secret ones."""


class KnowsPages(Protocol):
    """The part of ``resolver.tables.view.View`` that is asked here."""

    @property
    def tables(self) -> Tables:
        """The generation in force."""

    @property
    def masks(self) -> Masks:
        """Which bits mean what."""

    @property
    def urls(self) -> FindsPages:
        """The index of pages."""


@dataclass(frozen=True, slots=True)
class PageListing:
    """A list that names the page, and how far its entry reaches, in words."""

    list: str
    reach: str


@dataclass(frozen=True, slots=True)
class PageReport:
    """The page's own verdict: allow, or block where a list that counts for this client names it.

    ``url`` is the key that lists are compared with. ``disposition`` is what enforcement the entry gets here: dns (by its
    host's own entry), url-filter, not-enforceable; empty if nothing is to be enforced.
    """

    url: str
    action: str
    disposition: str
    listed: tuple[PageListing, ...]
    summary: str


def check_page(
    view: KnowsPages, url: CanonicalUrl, *, is_https: bool, host: Case, verdict: Verdict
) -> PageReport:
    """The report on a page of the host whose case and verdict are given."""
    hits = view.urls.find(url)
    listed = tuple(PageListing(hit.list_id, _REACHES[hit.reach]) for hit in hits)
    if not hits:
        return PageReport(url.text, VerdictAction.ALLOW.value, "", (), UNLISTED)
    named = f"Listed by {', '.join(dict.fromkeys(hit.list_id for hit in hits))}"
    heard = tuple(hit for hit in hits if is_heard(hit, view.tables.lists))
    if not heard:
        return PageReport(url.text, VerdictAction.ALLOW.value, "", listed, f"{named}. {_ENDED}")
    if not _counts(view, heard, host):
        return PageReport(
            url.text, VerdictAction.ALLOW.value, "", listed, f"{named}, which this client is not kept from."
        )
    disposition, words = _enforcement(verdict, is_https=is_https)
    return PageReport(url.text, VerdictAction.BLOCK.value, disposition.value, listed, f"{named}. {words}")


def _counts(view: KnowsPages, hits: tuple[Hit, ...], host: Case) -> bool:
    """Whether a name that these lists name would be blocked for this client because of them."""
    bits = 0
    for hit in hits:
        info, mask = view.tables.lists.get(hit.list_id), view.masks.feeds.get(hit.list_id, 0)
        bits |= mask & ~view.masks.categories if info is not None and info.kind is Kind.ILLEGAL else mask
    verdict = decide(Case(host.name, Listing(bits), host.policy, host.masks, host.now))
    return verdict.action is VerdictAction.BLOCK and verdict.reason.bit is not None


def _enforcement(verdict: Verdict, *, is_https: bool) -> tuple[Disposition, str]:
    if verdict.action is VerdictAction.BLOCK:
        return Disposition.DNS, _HOST
    return (Disposition.NOT_ENFORCEABLE, _HTTPS) if is_https else (Disposition.URL_FILTER, _HTTP)
