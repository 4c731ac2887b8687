"""A certificate as a page to print or to read: HTML in one file, nothing loaded from anywhere. Pure once it is loaded.

It is made of the JSON form, so that control and the command line make the very same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from admin.audit.printed_pages import PrintedPages

FOLDER = Path(__file__).with_name("certificate")


class CertificatePages(PrintedPages):
    """The page in every language. OSError or ValueError if the installation is damaged."""

    def __init__(self) -> None:
        super().__init__(FOLDER, "certificate")

    def render(self, certificate: Mapping[str, Any], tag: str) -> str:
        """The page of a certificate in its JSON form, in the language ``tag``, one of ``languages``."""
        return self.fill(tag, c=certificate)


@cache
def pages() -> CertificatePages:
    """Loaded when somebody first asks."""
    return CertificatePages()
