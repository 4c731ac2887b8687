"""Well-known category titles, marked for translation. A title that is not here is shown as the operator wrote it."""

from __future__ import annotations


def _mark(title: str) -> str:
    """Mark a title for the catalogues; the look-up happens when a page is written."""
    return title


KNOWN_TITLES: tuple[str, ...] = (
    _mark("Advertising"),
    _mark("Alcohol and tobacco"),
    _mark("Chat and forums"),
    _mark("Dating"),
    _mark("Drugs"),
    _mark("File sharing"),
    _mark("Filter bypass"),
    _mark("Gambling"),
    _mark("Games"),
    _mark("Hate and extremism"),
    _mark("Nudity"),
    _mark("Pornography"),
    _mark("Self-harm"),
    _mark("Social media"),
    _mark("Video and music streaming"),
    _mark("Violence"),
    _mark("Weapons"),
)
