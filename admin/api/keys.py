"""Where the application keeps what its handlers need."""

from __future__ import annotations

from aiohttp import web

from admin.api.appliance import Appliance

APPLIANCE: web.AppKey[Appliance] = web.AppKey("appliance")
"""Control, for every handler."""
