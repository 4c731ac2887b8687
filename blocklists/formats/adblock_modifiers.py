"""What each modifier of an AdBlock rule means to a DNS filter.

The guide is AdGuard's DNS filtering syntax: a rule with a modifier that a DNS filter cannot honour is left out whole,
because without the modifier it would block more than its author meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from blocklists.model import Action


class Effect(Enum):
    """What becomes of a rule that carries a modifier."""

    IMPORTANT = "outlives exceptions"
    BADFILTER = "takes another rule back"
    DENYALLOW = "blocks, but not these names"
    REWRITE = "asks for an answer"
    EVERYTHING = "restricts nothing"
    LEAVE_OUT = "the rule is left out"


DECISIONS = {
    "important": Effect.IMPORTANT,
    "badfilter": Effect.BADFILTER,
    "denyallow": Effect.DENYALLOW,
    "dnsrewrite": Effect.REWRITE,
    # Every kind of request, the page itself included: what a DNS block does.
    "all": Effect.EVERYTHING,
    # Restricted to a record type, a client or a tag: lists know neither our clients nor our tags.
    "dnstype": Effect.LEAVE_OUT,
    "client": Effect.LEAVE_OUT,
    "ctag": Effect.LEAVE_OUT,
    # Restricted to the page itself, or to everything but it.
    "document": Effect.LEAVE_OUT,
    "doc": Effect.LEAVE_OUT,
    "popup": Effect.LEAVE_OUT,
    "subdocument": Effect.LEAVE_OUT,
    # Restricted by who asks: DNS does not see which page a request comes from.
    "third-party": Effect.LEAVE_OUT,
    "3p": Effect.LEAVE_OUT,
    "first-party": Effect.LEAVE_OUT,
    "1p": Effect.LEAVE_OUT,
    "domain": Effect.LEAVE_OUT,
    "from": Effect.LEAVE_OUT,
    "app": Effect.LEAVE_OUT,
    # Restricted by the kind of content.
    "script": Effect.LEAVE_OUT,
    "image": Effect.LEAVE_OUT,
    "stylesheet": Effect.LEAVE_OUT,
    "font": Effect.LEAVE_OUT,
    "media": Effect.LEAVE_OUT,
    "object": Effect.LEAVE_OUT,
    "ping": Effect.LEAVE_OUT,
    "websocket": Effect.LEAVE_OUT,
    "xmlhttprequest": Effect.LEAVE_OUT,
    "other": Effect.LEAVE_OUT,
    "network": Effect.LEAVE_OUT,
    # Changes a response instead of blocking it.
    "csp": Effect.LEAVE_OUT,
    "redirect": Effect.LEAVE_OUT,
    "replace": Effect.LEAVE_OUT,
    "removeparam": Effect.LEAVE_OUT,
    "cookie": Effect.LEAVE_OUT,
}
"""The decision for each modifier; one that is not here, or negated by ``~``, is left out as well."""

_REWRITES = {
    "NXDOMAIN": Action.NXDOMAIN,
    "NXDOMAIN;;": Action.NXDOMAIN,
    "NOERROR": Action.NODATA,
    "NOERROR;;": Action.NODATA,
}
"""The rewrites that need no data. As in every list here, an exception lifts them."""


@dataclass(frozen=True, slots=True)
class Modifiers:
    """The modifiers of one rule that can be honoured."""

    important: bool = False
    badfilter: bool = False
    action: Action = Action.BLOCK
    denyallow: tuple[str, ...] = ()


def parse_modifiers(text: str, *, exception: bool) -> Modifiers | None:
    """Read ``a,b=c`` (without the ``$``); None if the rule must be left out.

    An exception may be important or taken back; nothing else makes sense on it.
    """
    important = badfilter = False
    action = Action.BLOCK
    denyallow: list[str] = []
    for part in text.split(",") if text else ():
        name, equals, value = part.partition("=")
        match DECISIONS.get(name), bool(equals):
            case Effect.IMPORTANT, False:
                important = True
            case Effect.BADFILTER, False:
                badfilter = True
            case Effect.EVERYTHING, False if not exception:
                continue
            case Effect.DENYALLOW, True if not exception:
                denyallow.extend(value.split("|"))
            case Effect.REWRITE, True if not exception and value in _REWRITES:
                action = _REWRITES[value]
            case _:
                return None
    return Modifiers(important, badfilter, action, tuple(denyallow))
