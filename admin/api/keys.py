"""Where the application keeps what its handlers need."""

from __future__ import annotations

from aiohttp import web

from admin.api.appliance import Appliance
from admin.services.actors import Actor

APPLIANCE: web.AppKey[Appliance] = web.AppKey("appliance")
"""Control, for every handler."""
ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)
"""Who asks: set before any handler below ``/api/`` runs."""
