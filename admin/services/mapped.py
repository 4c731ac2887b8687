"""Reading what the configuration keeps in a mapping by id: categories and profiles. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from admin.config import Config
from admin.config.explain import Fault, faults_of
from admin.config.fields import Section
from admin.config.settings import Settings
from admin.services.kinds import check_id, invalid


def read_mapped(section: str, config: Config, item_id: str, document: Mapping[str, object]) -> Section:
    """A document as the section of its id; InvalidError also for an id that is none."""
    check_id(item_id, document)
    content = {key: value for key, value in document.items() if key != "id"}
    try:
        settings = Settings.model_validate(
            {section: {item_id: content}}, context={"base": config.path.parent}
        )
    except ValidationError as error:
        raise invalid(map(_inside, faults_of(error, (), Settings))) from None
    found: Section = getattr(settings, section)[item_id]
    return found


def _inside(fault: Fault) -> Fault:
    """The fault with its path from the item on; a fault of the key itself is one of the id."""
    return Fault(fault.path[2:] or ("id",), fault.message)
