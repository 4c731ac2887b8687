"""/api/v1/categories: what lists feed and profiles block. The built-in ones are among them."""

from __future__ import annotations

from admin.api.resource_paths import Described
from admin.api.resources import Resource
from admin.config.fields import Identifier, key
from admin.config.people import CategoryConfig
from admin.services.actors import Permission
from admin.services.categories import CATEGORIES

PATH = "/api/v1/categories"
RESOURCE = Resource(PATH, CATEGORIES)


class Category(CategoryConfig):
    """A category with its id: in the file the id is the key."""

    id: Identifier = key(example="homework")
    """The name by which lists and profiles refer to it."""


DESCRIBED = Described(PATH, "Category", "category", Permission.CATEGORIES_READ, Permission.CATEGORIES_WRITE)
