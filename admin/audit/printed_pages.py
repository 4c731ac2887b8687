"""Pages to print or to read: HTML in one file from a template, in several languages, nothing loaded from anywhere. Pure
once it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment

from gateway.stop_page.environment import make_environment, style_source
from gateway.stop_page.languages import Language, load_languages
from gateway.stop_page.negotiation import negotiate

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


class PrintedPages:
    """One template in every language that its folder has words for."""

    def __init__(self, folder: Path, name: str) -> None:
        """``folder`` holds ``name``.html, style.css and, in ``locale``, ``name``.po of each language. OSError or
        ValueError if the installation is damaged.
        """
        style = (folder / "style.css").read_text(encoding="utf-8").strip()
        self.policy = (
            f"default-src 'none'; style-src {style_source(style)}; frame-ancestors 'none'; base-uri 'none'"
        )
        """The Content-Security-Policy with which the page may be shown."""
        self._template = f"{name}.html"
        self._languages = load_languages(folder / "locale", Path("LC_MESSAGES") / f"{name}.po")
        self._environments = {tag: _environment(folder, item, style) for tag, item in self._languages.items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages that there are, English first."""
        return tuple(self._languages)

    def language_for(self, accept_language: str) -> str:
        """The language that an Accept-Language header asks for."""
        return negotiate(accept_language, self.languages)

    def fill(self, tag: str, **values: object) -> str:
        """The page in the language ``tag``, one of ``languages``, from what its template asks for."""
        template = self._environments[tag].get_template(self._template)
        return template.render(language=self._languages[tag], **values)


def _environment(folder: Path, language: Language, style: str) -> Environment:
    environment = make_environment(folder, language, style)
    filters = _filters(Locale.parse(language.tag, sep="-"))
    environment.filters.update(filters)
    environment.globals["filters"] = SimpleNamespace(**filters)
    return environment


def _filters(locale: Locale) -> dict[str, Callable[..., str]]:
    def moment(at: float) -> str:
        # ISO 8601 reads the same to everybody.
        return format_datetime(datetime.fromtimestamp(at, UTC), "y-MM-dd HH:mm:ss", locale=locale) + " UTC"

    def day(at: float) -> str:
        # British order in English: the month's name between the numbers is read wrongly nowhere.
        pattern = "d MMMM y" if locale.language == "en" else "long"
        return format_date(datetime.fromtimestamp(at, UTC).date(), pattern, locale=locale)

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
