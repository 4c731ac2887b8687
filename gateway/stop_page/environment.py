"""How templates become pages, here and in other rooms: everything escaped, every gap an error, the style in the page. Pure."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.stop_page.languages import Language


def make_environment(folder: Path, language: Language, style: str) -> Environment:
    """An environment for the templates in ``folder``, in one language; they find the style sheet as ``style``."""
    environment = Environment(
        loader=FileSystemLoader(folder),
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
    return environment


def style_source(style: str) -> str:
    """The style sheet as Content-Security-Policy names it (CSP3, section 2.3.1: a hash source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
