"""The questions of answers evicted lately, by hash: what returns from here has proved that it is wanted."""

from __future__ import annotations

from collections import deque

from resolver.exchange.model import Question


class Ghosts:
    """A bounded queue of hashes. A collision costs a place in the wrong queue and nothing else."""

    __slots__ = ("_known", "_order")

    def __init__(self) -> None:
        """Start empty."""
        self._order: deque[int] = deque()
        self._known: set[int] = set()

    def __len__(self) -> int:
        """Hashes held, those recalled but not yet forgotten included."""
        return len(self._order)

    def remember(self, question: Question) -> None:
        """Note that its answer was evicted."""
        self._order.append(hash(question))
        self._known.add(hash(question))

    def recall(self, question: Question) -> bool:
        """Whether its answer was evicted lately; it is no ghost from then on."""
        try:
            self._known.remove(hash(question))
        except KeyError:
            return False
        return True

    def trim(self, limit: int) -> None:
        """Forget the oldest beyond ``limit``."""
        while len(self._order) > limit:
            self._known.discard(self._order.popleft())
