"""What each step of a decision has to say, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from blocklists.canonical import from_wire
from blocklists.model import Action, Bit, BitRole
from resolver.policy.model import ReasonKind, Step, Verdict, VerdictAction
from resolver.policy.verdict import Case, suffixes
from resolver.tables.model import Tables

HIDDEN = "Blocked: an illegal-content or security list names it."
"""The same words for secret illegal-content lists and for security lists."""
HIDDEN_REASON = "illegal-or-security"

_TITLES: Mapping[Step, str] = {
    Step.ILLEGAL: "illegal content",
    Step.PROTECTED: "protected names",
    Step.GRANT: "granted exceptions",
    Step.RULE: "own allow and deny",
    Step.PAUSE: "pause",
    Step.SECURITY: "security",
    Step.CATEGORY: "categories",
    Step.SAFE_SEARCH: "safe search",
    Step.DEFAULT: "otherwise",
}
_SILENT: Mapping[Step, str] = {
    Step.ILLEGAL: "no illegal-content list names it",
    Step.PROTECTED: "not a protected name",
    Step.GRANT: "no exception is granted for it",
    Step.RULE: "no own rule is about it",
    Step.PAUSE: "not paused",
    Step.SECURITY: "no security list names it",
    Step.CATEGORY: "in no category",
    Step.SAFE_SEARCH: "not a search engine that this profile leads to its safe mode",
}
_ANSWERS: Mapping[Action, str] = {
    Action.NXDOMAIN: "the name does not exist (NXDOMAIN)",
    Action.NODATA: "no data for any type",
    Action.DROP: "no answer at all",
    Action.TCP_ONLY: "over UDP a truncated answer, so that the client asks again over TCP",
    Action.LOCAL_DATA: "the records that the list gives for it",
}


class Words:
    """The words about one case; one per report."""

    def __init__(self, tables: Tables, bits: tuple[Bit, ...], case: Case) -> None:
        self._tables = tables
        self._bits = bits
        self._case = case

    def title(self, step: Step) -> str:
        """What a step is about."""
        return _TITLES[step]

    def said(self, step: Step, verdict: Verdict | None) -> str:
        """What a step said: its decision, or why it had none."""
        if verdict is not None:
            return self.decided(verdict)
        if step is Step.SECURITY and self._case.listing.bits & self._case.masks.security:
            return "a security list names it, but security lists are off in this profile"
        if step is Step.CATEGORY and (listed := self._categories_of(self._case.listing.bits)):
            return f"in {' and '.join(listed)}, which this profile does not block"
        return _SILENT[step]

    def decided(self, verdict: Verdict) -> str:
        """The decision as one sentence."""
        reason = verdict.reason
        rule = from_wire(reason.rule) if reason.rule else ""
        match reason.kind:
            case ReasonKind.ILLEGAL_VOLUNTARY:
                return f"Blocked: illegal content, listed by {self._list_title(reason.bit)}."
            case ReasonKind.ILLEGAL_ORDER:
                return f"Blocked by legal order: {self._list_title(reason.bit)}."
            case ReasonKind.SECURITY:
                return f"Blocked: a threat, listed by {self._list_title(reason.bit)}."
            case ReasonKind.CATEGORY:
                return f"Blocked: it is in {self.category(verdict)}, which this profile blocks."
            case ReasonKind.OWN_RULE:
                allowed = verdict.action is VerdictAction.ALLOW
                return f"{'Allowed' if allowed else 'Blocked'} by an own rule about {rule}."
            case ReasonKind.PROTECTED:
                return f"Allowed: a protected name, listed by {self._list_title(reason.bit)}."
            case ReasonKind.GRANT:
                return f"Allowed: an exception is granted for {rule}."
            case ReasonKind.SAFE_SEARCH:
                return f"Led to the safe mode of the search engine: {from_wire(verdict.target)}."
            case _:
                return _SENTENCES[reason.kind]

    def category(self, verdict: Verdict) -> str:
        """The title of the category that decided; empty if none did."""
        bit = verdict.reason.bit
        if bit is None or self._bits[bit].role is not BitRole.CATEGORY:
            return ""
        return self._title_of(self._bits[bit].id)

    def answer(self, verdict: Verdict) -> str:
        """What the client gets."""
        if verdict.action is VerdictAction.REWRITE:
            return f"CNAME {from_wire(verdict.target)} and its addresses"
        if verdict.action is not VerdictAction.BLOCK:
            return (
                f"the records of the built-in zone {zone}"
                if (zone := self._zone())
                else "what the upstreams say"
            )
        gateway = self._tables.gateway
        return _ANSWERS.get(verdict.answer, f"A {gateway.ipv4}, AAAA {gateway.ipv6}, no data for other types")

    def _zone(self) -> str:
        """The built-in zone that holds the name; empty if none does."""
        names = {from_wire(suffix) for suffix in suffixes(self._case.name)}
        return max(names & set(self._tables.zones), key=len, default="")

    def _categories_of(self, mask: int) -> list[str]:
        return [
            self._title_of(bit.id)
            for bit in self._bits
            if bit.role is BitRole.CATEGORY and mask >> bit.index & 1
        ]

    def _title_of(self, category: str) -> str:
        return self._tables.categories.get(category, category)

    def _list_title(self, bit: int | None) -> str:
        list_id = "" if bit is None else self._bits[bit].id
        info = self._tables.lists.get(list_id)
        return f"{info.title} ({list_id})" if info is not None and info.title != list_id else list_id


_SENTENCES: Mapping[ReasonKind, str] = {
    ReasonKind.PAUSED: "Blocked: everything is paused.",
    ReasonKind.ALLOW_ONLY: "Blocked: this profile lets through only what it allows.",
    ReasonKind.NOT_LISTED: "Allowed: nothing speaks against it.",
}
