"""The languages that pages come in: English in the source, every other one from its catalogue.

A language is a folder ``locale/<tag>/LC_MESSAGES/`` with a ``stop_page.po``. Catalogues are read once, at the start;
there is no compiled file to keep in step.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

SOURCE_LANGUAGE = "en"
LOCALE_FOLDER = Path(__file__).with_name("locale")
CATALOGUE = Path("LC_MESSAGES") / "stop_page.po"


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its BCP 47 tag, its direction (``ltr`` or ``rtl``) and its words."""

    tag: str
    direction: str
    words: gettext.NullTranslations


def load_languages(folder: Path = LOCALE_FOLDER, catalogue: Path = CATALOGUE) -> dict[str, Language]:
    """Every language by tag, the source language first. OSError or ValueError for a catalogue that cannot be read.

    ``catalogue`` is where the words lie below a language's folder: pages of other rooms have their own.
    """
    languages = {SOURCE_LANGUAGE: Language(SOURCE_LANGUAGE, "ltr", gettext.NullTranslations())}
    for path in sorted(folder.glob(f"*/{catalogue}")):
        tag = path.relative_to(folder).parts[0]
        languages[tag] = Language(tag, Locale.parse(tag, sep="-").text_direction, _read(path, tag))
    return languages


def _read(path: Path, tag: str) -> gettext.GNUTranslations:
    """The words of one catalogue. Fuzzy entries are left out: a doubtful translation is worse than none."""
    with path.open("rb") as file:
        try:
            catalogue = read_po(file, locale=tag, abort_invalid=True)
        except PoFileError as error:
            raise ValueError(
                f"{path}: not a catalogue: {error}; mend the line or remove the language"
            ) from error
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
