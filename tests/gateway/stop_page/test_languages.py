"""Every word is translated, and every translation fits its sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import gateway.stop_page
from gateway.stop_page.languages import CATALOGUE, LOCALE_FOLDER, load_languages

ROOM = Path(gateway.stop_page.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "words": None, "_mark": None}
TAGS = sorted(path.parts[-3] for path in LOCALE_FOLDER.glob(f"*/{CATALOGUE}"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def catalogue(tag: str) -> Catalog:
    with (LOCALE_FOLDER / tag / CATALOGUE).open("rb") as file:
        return read_po(file, locale=tag, abort_invalid=True)


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every text that templates and code ask for."""
    found = extract_from_dir(
        ROOM,
        method_map=[("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")],
        options_map={"templates/**.html": {"trimmed": "true", "silent": "false"}},
        keywords=KEYWORDS,
    )
    return {str(message) for _, _, message, _, _ in found}


def test_there_is_a_language_that_runs_from_right_to_left() -> None:
    assert "ar" in TAGS
    assert {tag: language.direction for tag, language in load_languages().items()} == {
        "en": "ltr",
        "ar": "rtl",
    }


def test_the_extraction_sees_templates_and_code(words: set[str]) -> None:
    assert {"This site is blocked", "Gambling", "the people who run this network"} <= words
    assert len(words) > 80


@pytest.mark.parametrize("tag", TAGS)
def test_every_text_is_translated_and_no_entry_is_left_over(tag: str, words: set[str]) -> None:
    entries = {str(message.id): message for message in catalogue(tag) if message.id}
    assert set(entries) == words
    assert [text for text, message in entries.items() if not message.string or message.fuzzy] == []
    assert [text for text, message in entries.items() if message.string == text] == []


@pytest.mark.parametrize("tag", TAGS)
def test_placeholders_agree(tag: str) -> None:
    for message in catalogue(tag):
        assert sorted(PLACEHOLDER.findall(str(message.id))) == sorted(
            PLACEHOLDER.findall(str(message.string))
        ), message.id
        assert list(message.check()) == []


@pytest.mark.parametrize("tag", TAGS)
def test_loaded_words_are_those_of_the_catalogue(tag: str) -> None:
    language = load_languages()[tag]
    for message in catalogue(tag):
        if message.id:
            assert language.words.gettext(str(message.id)) == message.string


def test_a_damaged_catalogue_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "ar" / CATALOGUE
    broken.parent.mkdir(parents=True)
    broken.write_text('msgid "a"\nnonsense\nmsgstr "b"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=str(broken)):
        load_languages(tmp_path)


def test_a_doubtful_translation_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "ar" / CATALOGUE
    path.parent.mkdir(parents=True)
    path.write_text('#, fuzzy\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr "d"\n', encoding="utf-8")
    words = load_languages(tmp_path)["ar"].words
    assert (words.gettext("a"), words.gettext("c")) == ("a", "d")
