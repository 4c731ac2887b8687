"""What a canonical text says of a name or page: how an outsider answers "was it listed?" from the text alone. Pure.

The same rules as the compiler's and the URL filter's hold, by their own functions; a test compares this with the compiled
table. Addresses, of clients or in answers, are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from blocklists.canonical import CanonicalUrl
from blocklists.canonical_text import PASSTHRU
from blocklists.edits import REACH, SCOPE_OF, Change, Edit
from blocklists.formats.protocol import Semantics
from blocklists.guard import parents
from blocklists.model import Action, Scope
from blocklists.properties import HashAlgorithm, HashShape
from blocklists.snapshot.exceptions import Placed, resolve
from blocklists.snapshot.tokens import Token
from blocklists.urls.expressions import is_within_reach
from blocklists.urls.records import Reach, Sought, candidates, name_candidates

_NAMES = (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD)
_OF_ZONES = (
    [PASSTHRU],
    [Action.DROP.value],
    [Action.TCP_ONLY.value],
    [Action.LOCAL_DATA.value],
    [Action.COUNT.value],
)
"""What only an RPZ zone asks for, as words of a line."""
_NOTHING: tuple[Edit, ...] = ()


class TextFormatError(ValueError):
    """The file is no canonical text, or none of edits; the message says in which line, never what is in it."""


@dataclass(frozen=True, slots=True)
class SortedText:
    """A canonical text that can be searched. It is not parsed as a whole: five million lines are looked up in no time."""

    data: bytes

    def beginning(self, start: bytes) -> Iterator[bytes]:
        """The lines, without LF, that begin so."""
        at = self._place(start)
        while self.data.startswith(start, at):
            end = self.data.find(b"\n", at)
            end = len(self.data) if end < 0 else end
            yield self.data[at:end]
            at = end + 1

    def has(self, line: bytes) -> bool:
        """Whether this very line, without LF, is there."""
        return self.data.startswith(line + b"\n", self._place(line + b"\n"))

    def _place(self, start: bytes) -> int:
        """Where the first line stands that is not smaller."""
        low, high = 0, len(self.data)
        while low < high:
            line = self.data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self.data.find(b"\n", line)
            end = len(self.data) if end < 0 else end
            if self.data[line : min(end + 1, line + len(start))] < start:
                low = end + 1
            else:
                high = line
        return low


def of_name(text: SortedText, name: str, edits: Sequence[Edit] = _NOTHING) -> frozenset[Action]:
    """What the list asks for at a canonical name, edits included; empty if it does not list it."""
    said = [*_said(text, name)]
    semantics: Semantics = "rpz" if any(words[:1] in _OF_ZONES for _, _, words in said) else "adblock"
    chain = [*_edited(map(_placed, said), name, edits)]
    found = {action for _, action in resolve(chain, {0: semantics}).exact}
    if _hashed_name(text, name):
        found.add(Action.BLOCK)
    return frozenset(found)


def of_page(text: SortedText, url: CanonicalUrl) -> bool:
    """Whether the list names this very page, by itself, by a folder, or by a digest."""
    if text.has(b"url " + url.text.encode("ascii")):
        return True
    for content in candidates(url, Sought(Reach.URL_PREFIX)):
        for prefix in {content, content.removesuffix(b"/")}:
            if text.has(b"url-prefix " + prefix) and is_within_reach(prefix.decode()):
                return True
    return _hashed_page(text, url) or _hashed_name(text, url.host)


def parsed_edits(text: bytes) -> tuple[Edit, ...]:
    """The edits of their canonical text (``digesting.edits_text``). TextFormatError."""
    found = []
    for number, line in enumerate(text.decode("ascii", "replace").splitlines(), start=1):
        words = line.split(" ")
        try:
            change, scope, name = words
            found.append(Edit(Change(change), name, Scope(scope)))
        except ValueError:
            raise TextFormatError(
                f"line {number} is no edit: add or remove, how far it reaches, a name"
            ) from None
    return tuple(found)


_Said = tuple[int, Scope, list[str]]
"""How far above the name it stands, how far it reaches, the words behind that."""


def _said(text: SortedText, name: str) -> Iterator[_Said]:
    """What stands at the name and above it."""
    for distance, place in enumerate((name, *parents(name))):
        for scope in _NAMES:
            for words in _entries(text, scope, place):
                yield distance, scope, words


def _placed(said: _Said) -> Placed:
    distance, scope, words = said
    if words[:1] == [PASSTHRU]:
        return distance, Token(0, scope, Action.ALLOW)
    return distance, Token(0, scope, Action(words[0]) if words else Action.BLOCK, "important" in words[1:2])


def _entries(text: SortedText, scope: Scope, name: str) -> Iterator[list[str]]:
    """The words behind scope and name, of each line that has both."""
    start = f"{scope.value} {name}".encode("ascii", "backslashreplace")
    plain = (start,) if text.has(start) else ()
    for line in (*plain, *text.beginning(start + b" ")):
        words = line[len(start) :].decode("ascii", "replace").split()
        if not words or words[0] == PASSTHRU or words[0] in set(Action):
            yield words


def _edited(chain: Iterable[Placed], name: str, edits: Sequence[Edit]) -> Iterator[Placed]:
    """The chain as the edits leave it: each speaks about one name, as far as it reaches (``Intake.complete``)."""
    places = {place: distance for distance, place in enumerate((name, *parents(name)))}
    ours = [edit for edit in edits if edit.name in places and edit.scope in _NAMES]
    kept = list(chain)
    for edit in ours:
        distance, reach = places[edit.name], REACH[edit.scope]
        kept = [left for placed in kept for left in _left(placed, distance, reach, edit.change)]
        if edit.change is Change.ADD:
            kept.append((distance, Token(0, edit.scope, Action.BLOCK, important=True)))
    yield from kept


def _left(placed: Placed, distance: int, reach: int, change: Change) -> Iterator[Placed]:
    """What an edit leaves of an entry."""
    where, token = placed
    if where != distance or (change is Change.REMOVE and token.action is Action.ALLOW):
        yield placed
    elif rest := REACH[token.scope] & ~reach:
        yield where, Token(0, SCOPE_OF[rest], token.action, token.important)


def _hashed_name(text: SortedText, name: str) -> bool:
    """Whether a publisher's digest names the host, or one above it with all below."""
    for algorithm in HashAlgorithm:
        site, host = _head(HashShape.EXPRESSION, algorithm), _head(HashShape.HOST_PATH, algorithm)
        sites = name_candidates(name, Sought(Reach.HASHED_SITE, algorithm))
        if any(text.has(site + digest.hex().encode() + b" site") for digest in sites):
            return True
        hosts = name_candidates(name, Sought(Reach.HASHED_HOST, algorithm))
        if any(text.has(host + digest.hex().encode()) for digest in hosts):
            return True
    return False


def _hashed_page(text: SortedText, url: CanonicalUrl) -> bool:
    for algorithm in HashAlgorithm:
        expression = _head(HashShape.EXPRESSION, algorithm)
        found = candidates(url, Sought(Reach.HASHED_EXPRESSION, algorithm))
        if any(text.has(expression + digest.hex().encode()) for digest in found):
            return True
        if _hashed_path(text, url, algorithm):
            return True
    return False


def _hashed_path(text: SortedText, url: CanonicalUrl, algorithm: HashAlgorithm) -> bool:
    """Whether a path of exactly this host is named by digests."""
    head = _head(HashShape.HOST_PATH, algorithm)
    for depth in range(1, url.path.count("/") + 1):
        for digests in candidates(url, Sought(Reach.HASHED_PATH, algorithm, depth)):
            half = len(digests) // 2
            words = (digests[:half].hex(), digests[half:].hex(), str(depth))
            if text.has(head + " ".join(words).encode()):
                return True
    return False


def _head(shape: HashShape, algorithm: HashAlgorithm) -> bytes:
    return f"{shape.value} {algorithm.value} ".encode()
