"""Which files of the public log are served, and with what headers: a closed table of names. Pure.

Whatever is not in the table is not there, so no name leads out of the folder, to a half-written file or to a list of files.
Headers are those of c2sp.org/tlog-tiles; ``deploy/nginx-log.conf`` gives the same. Files are read in ``log_shelf``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LANGUAGES = ("en", "de")
"""Of the page for people; the first is that of ``index.html``."""

_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_HTML, _BYTES = "text/html; charset=utf-8", "application/octet-stream"
_FOREVER = "public, max-age=31536000, immutable"
_SECONDS = "public, max-age=5"
"""Of the checkpoint: a reader learns of a change at once, and a crowd still asks seldom."""
_MINUTE = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What one kind of file is sent with."""

    content_type: str
    cache: str
    is_squeezed: bool = False
    """Whether it is worth compressing: hashes are not, leaves and pages are to a third."""

    @property
    def is_page(self) -> bool:
        """Whether a browser shows it with styles."""
        return self.content_type == _HTML


_NUMBER = "(?:0|[1-9][0-9]{0,15})"
_TILE = r"(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
_PERIOD = "[0-9][0-9A-Za-z-]{0,20}"
_TABLE: tuple[tuple[str, FileKind], ...] = (
    ("checkpoint", FileKind(_TEXT, _SECONDS)),
    (f"tile/entries/{_TILE}", FileKind(_BYTES, _FOREVER, is_squeezed=True)),
    (f"tile/(?:[0-9]|[1-5][0-9]|6[0-3])/{_TILE}", FileKind(_BYTES, _FOREVER)),
    (f"cp/{_NUMBER}", FileKind(_TEXT, _FOREVER)),
    ("state/[0-9a-f]{64}[.]json", FileKind(_JSON, _FOREVER, is_squeezed=True)),
    (f"proof/{_NUMBER}[.]tlog-proof", FileKind(_TEXT, _FOREVER)),
    ("policy[.]txt", FileKind(_TEXT, _MINUTE)),
    ("keys[.]json", FileKind(_JSON, _MINUTE)),
    # As text, so that a browser shows it to whoever wants to read it first.
    ("verify[.]py", FileKind(_TEXT, _MINUTE, is_squeezed=True)),
    (r"(?:reports/)?index(?:\.[a-z]{2})?\.html", FileKind(_HTML, _MINUTE, is_squeezed=True)),
    ("reports/index[.]json", FileKind(_JSON, _MINUTE)),
    (rf"reports/{_PERIOD}(?:\.[a-z]{{2}})?\.html", FileKind(_HTML, _MINUTE, is_squeezed=True)),
    (rf"reports/{_PERIOD}\.[a-z]{{2}}\.pdf", FileKind("application/pdf", _MINUTE)),
    (rf"(?:reports|stats)/{_PERIOD}\.json", FileKind(_JSON, _MINUTE, is_squeezed=True)),
)
_EARLIER = "(?:[0-9]{4}[b-z]?/)?"
"""Logs of earlier years lie below the one that is written, each with files of its own."""
_FOLDER = re.compile(rf"{_EARLIER}(?:reports/)?", re.ASCII)
_PATTERNS = tuple((re.compile(_EARLIER + pattern, re.ASCII), kind) for pattern, kind in _TABLE)


def kind_of(name: str) -> FileKind | None:
    """What a name below ``/log/`` stands for; None if nothing is ever served under it."""
    return next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(name)), None)


def is_folder(name: str) -> bool:
    """Whether a page for people is what is meant: nobody is shown what lies in a folder."""
    return _FOLDER.fullmatch(name) is not None
