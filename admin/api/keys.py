"""Where the application keeps what its handlers need."""

from __future__ import annotations

import asyncio

from aiohttp import web

from admin.api.appliance import Appliance
from admin.api.archive import Seats
from admin.api.authentication import Gate
from admin.api.log_readers import LogReaders
from admin.api.traffic import Traffic
from admin.services.actors import Actor
from admin.services.asking import AskLimits

APPLIANCE: web.AppKey[Appliance] = web.AppKey("appliance")
"""Control, for every handler."""
GATE: web.AppKey[Gate] = web.AppKey("gate")
"""Who is let in."""
TRAFFIC: web.AppKey[Traffic] = web.AppKey("traffic")
"""What is counted of requests."""
ASK_LIMITS: web.AppKey[AskLimits] = web.AppKey("ask limits")
"""Who has asked secret lists how often."""
SEATS: web.AppKey[Seats] = web.AppKey("seats")
"""How many openings of lists are being served."""
TEXTS_TURN: web.AppKey[asyncio.Lock] = web.AppKey("turn of texts", asyncio.Lock)
"""Held while whole texts of lists are read or compared for an answer: each takes memory and a processor by its size, and a
thread that decisions and the log may be waiting for.
"""
LOG_READERS: web.AppKey[LogReaders] = web.AppKey("log readers")
"""What those who read the public log share."""
ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)
"""Who asks: set before any handler below ``/api/`` runs."""
