"""From a decision to the bytes of a page, in one language. Pure once the templates are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template

from gateway.decision import Situation, StopCase
from gateway.stop_page.environment import make_environment, style_source
from gateway.stop_page.languages import SOURCE_LANGUAGE, Language, load_languages
from gateway.stop_page.links import contact_uri, web_address
from gateway.stop_page.negotiation import negotiate
from resolver.tables.model import GatewaySettings

TEMPLATE_FOLDER = Path(__file__).with_name("templates")
STYLE_FILE = "style.css"


@dataclass(frozen=True, slots=True)
class Page:
    """All that a template sees. Texts are plain; the templates escape them."""

    case: StopCase
    language: Language
    provider: str
    operator: str
    """The provider's name, or words for it that fit into a sentence."""
    contact: str
    contact_uri: str
    authority_uri: str
    policy_url: str
    portal_url: str
    category: str
    categories: tuple[str, ...]


class Pages:
    """Every page in every language. Templates, style and catalogues are read once, when this is made."""

    def __init__(self) -> None:
        """OSError, ValueError or jinja2.TemplateError if the installation is damaged."""
        style = (TEMPLATE_FOLDER / STYLE_FILE).read_text(encoding="utf-8").strip()
        self.style_source = style_source(style)
        """The style sheet as Content-Security-Policy names it."""
        self.languages = load_languages()
        self._tags = [SOURCE_LANGUAGE, *(tag for tag in self.languages if tag != SOURCE_LANGUAGE)]
        self._templates = {tag: _load_templates(language, style) for tag, language in self.languages.items()}

    def language_for(self, accept_language: str) -> Language:
        """The language that an Accept-Language header asks for."""
        return self.languages[negotiate(accept_language, self._tags)]

    def render(self, case: StopCase, settings: GatewaySettings, language: Language) -> bytes:
        """The page as UTF-8 HTML."""
        template = self._templates[language.tag][case.situation]
        return template.render(page=_page(case, settings, language)).encode()


def _load_templates(language: Language, style: str) -> Mapping[Situation, Template]:
    environment = make_environment(TEMPLATE_FOLDER, language, style)
    return {situation: environment.get_template(f"{situation}.html") for situation in Situation}


def _page(case: StopCase, settings: GatewaySettings, language: Language) -> Page:
    words = language.words.gettext
    return Page(
        case=case,
        language=language,
        provider=settings.provider,
        operator=settings.provider or words("the people who run this network"),
        contact=settings.contact,
        contact_uri=contact_uri(settings.contact),
        authority_uri=contact_uri(case.authority_contact),
        policy_url=web_address(settings.policy_url),
        portal_url=web_address(settings.portal_url),
        category=_translated(case.category, language),
        categories=tuple(_translated(title, language) for title in case.state.categories)
        if case.state
        else (),
    )


def _translated(title: str, language: Language) -> str:
    """A well-known category title in the page's language; any other as the operator wrote it."""
    return language.words.gettext(title) if title else ""
