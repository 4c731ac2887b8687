"""/api/v1/profiles: what people can be given."""

from __future__ import annotations

from admin.api.resource_paths import Described
from admin.api.resources import Resource
from admin.config.fields import Identifier, key
from admin.config.people import ProfileConfig
from admin.services.actors import Permission
from admin.services.profiles import PROFILES

PATH = "/api/v1/profiles"
RESOURCE = Resource(PATH, PROFILES)


class Profile(ProfileConfig):
    """What may be reached, with its id: in the file the id is the key."""

    id: Identifier = key(example="strict")
    """The name by which subscribers and the configuration refer to it."""


DESCRIBED = Described(PATH, "Profile", "profile", Permission.PROFILES_READ, Permission.PROFILES_WRITE)
