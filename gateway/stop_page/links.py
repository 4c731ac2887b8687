"""Contacts and addresses that an operator configured, made into links only where that is safe and certain. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

_MAIL = re.compile(r"[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()./-]{2,30}", re.ASCII)
_WEB = re.compile(r"https?://[^\s<>\"]+")


def web_address(text: str) -> str:
    """The text if it is an http(s) address, else empty: no other scheme may become a link."""
    return text if _WEB.fullmatch(text) else ""


def contact_uri(text: str) -> str:
    """A ``mailto:``, ``tel:`` or web address for a contact; empty if it is none of these, but words to be read."""
    if _MAIL.fullmatch(text):
        return "mailto:" + quote(text, safe="@+")
    if _TELEPHONE.fullmatch(text):
        return "tel:" + re.sub(r"[^0-9+]", "", text)
    return web_address(text)
