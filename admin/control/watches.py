"""What control looks at beside its work: hits, clients that walk through secret lists, processes, what is to be forgotten."""

from __future__ import annotations

from collections.abc import Collection

from admin.config import Config
from admin.control.clocks import Clocks
from admin.control.day_statistics import DayStatistics
from admin.control.forgetting import Forgetting
from admin.control.hit_looking import HitLooks
from admin.control.log_reports import LogReports
from admin.control.process_watch import ProcessWatch
from admin.control.proofs import Binding
from admin.control.scan_alarm import ScanAlarm
from admin.control.served import LOOK, Served
from admin.control.storage import Storage
from admin.services.place import Place
from admin.services.scanning import Scanning


class Watches:
    """Looks at everything in turn."""

    def __init__(self, config: Config, storage: Storage, clocks: Clocks) -> None:
        """``config`` says where processes and supervisors write what they know; events go to ``storage``."""
        place, node = Place(config.data_dir), config.node
        run = place.run
        self.hits = HitLooks(run, clocks)
        self._scans = ScanAlarm(run, storage, clocks)
        self._processes = ProcessWatch(run, storage, clocks, node)
        self._days = DayStatistics(run, storage, clocks)
        self._reports = LogReports(place.log, place.log_vkey, clocks)
        self._forgetting = Forgetting(storage, clocks)
        self._served = Served(run, storage, clocks, node)

    @property
    def scanning(self) -> Scanning:
        """How many clients walk through secret lists."""
        return self._scans.now

    @property
    def pace(self) -> float | None:
        """Seconds until something is to be looked at again; None if nothing presses."""
        return LOOK if self._served.waits else None

    async def look(self, config: Config, processes: Collection[str], binding: Binding | None) -> None:
        """At these processes, which are to serve what ``binding`` binds; ``config`` is in force."""
        await self.hits.look()
        await self._scans.look(processes)
        await self._days.look()
        self._reports.look()
        await self._processes.look()
        await self._forgetting.look(config.audit.kept_for)
        await self._served.look(binding, processes)

    async def close(self) -> None:
        """Give up what is being done beside."""
        await self._reports.close()
