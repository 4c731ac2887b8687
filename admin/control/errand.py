"""A program of Weir's own that control sends for something nobody waits for: started as the least urgent of all, bounded
in time, heard when it ends.

Whatever becomes of it, nothing else is held up; what failed is said once, and it is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence

from resolver.runtime.logs import get_logger
from resolver.runtime.priority import LEAST_URGENT

_LONGEST_WORDS = 500

_log = get_logger("weir.log")


class Errand:
    """One kind of errand; one is under way at a time."""

    def __init__(self, problem: str, patience: float, subject: str = "errand") -> None:
        """``problem`` is what is said when it fails; ``patience`` the seconds that it may take; ``subject`` is what the
        lines are about that it says when it succeeds.
        """
        self._problem, self._patience, self._subject = problem, patience, subject
        self._said = ""

    async def run(self, command: Sequence[str]) -> bool:
        """Send it, wait until it has ended, and say whether it did what it should. Cancelling ends it."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            return self._ended(f"the process cannot be started: {error.strerror or error}")
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, LEAST_URGENT)
        try:
            async with asyncio.timeout(self._patience):
                _, words = await process.communicate()
        except TimeoutError:
            return self._ended(f"it took longer than {self._patience:.0f} seconds")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        said = words.decode(errors="replace").strip()[-_LONGEST_WORDS:]
        if process.returncode:
            return self._ended(said or f"exit status {process.returncode}")
        for line in said.splitlines():
            _log.info(self._subject, message=line)
        return self._ended("")

    def _ended(self, problem: str) -> bool:
        if problem and problem != self._said:
            _log.error(self._problem, problem=problem)
        self._said = problem
        return not problem
