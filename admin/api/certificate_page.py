"""A certificate as a page to print or to read: HTML in one file, nothing loaded from anywhere. Pure once it is loaded.

It is made of the JSON form, so that control and the command line make the very same page.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.stop_page.languages import Language, load_languages
from gateway.stop_page.negotiation import negotiate

FOLDER = Path(__file__).with_name("certificate")
CATALOGUE = Path("LC_MESSAGES") / "certificate.po"
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


class CertificatePages:
    """The page in every language. OSError or ValueError if the installation is damaged."""

    def __init__(self) -> None:
        style = (FOLDER / "style.css").read_text(encoding="utf-8").strip()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
        )
        """The Content-Security-Policy with which the page may be shown."""
        self._languages = load_languages(FOLDER / "locale", CATALOGUE)
        self._environments = {tag: _environment(item, style) for tag, item in self._languages.items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages that there are, English first."""
        return tuple(self._languages)

    def language_for(self, accept_language: str) -> str:
        """The language that an Accept-Language header asks for."""
        return negotiate(accept_language, self.languages)

    def render(self, certificate: Mapping[str, Any], tag: str) -> str:
        """The page of a certificate in its JSON form, in the language ``tag``, one of ``languages``."""
        template = self._environments[tag].get_template("certificate.html")
        return template.render(c=certificate, language=self._languages[tag])


@cache
def pages() -> CertificatePages:
    """Loaded when somebody first asks."""
    return CertificatePages()


def _environment(language: Language, style: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, and hashed as it stands
    # The i18n extension adds this method when it is loaded; mypy cannot see it.
    environment.install_gettext_translations(language.words, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(_filters(Locale.parse(language.tag, sep="-")))
    return environment


def _filters(locale: Locale) -> dict[str, Callable[..., str]]:
    def moment(at: float) -> str:
        # ISO 8601 reads the same to everybody.
        return format_datetime(datetime.fromtimestamp(at, UTC), "y-MM-dd HH:mm:ss", locale=locale) + " UTC"

    def day(at: float) -> str:
        return format_datetime(datetime.fromtimestamp(at, UTC), "d MMMM y", locale=locale)

    def number(value: float) -> str:
        return format_decimal(value, locale=locale)

    def share(value: float) -> str:
        # 99.99 % must not read as 100 %: cut, not rounded.
        return format_percent(int(value * 10_000) / 10_000, "0.00 %", locale=locale)

    def length(seconds: float) -> str:
        for size, unit in _UNITS:
            if seconds >= size:
                return f"{format_decimal(round(seconds / size, 1), locale=locale)} {unit}"
        return f"{format_decimal(round(seconds, 1), locale=locale)} s"

    return {"moment": moment, "day": day, "number": number, "share": share, "length": length}
