"""The processes of one appliance: starting them, watching them, replacing them. Never a query, a list or a policy."""

from admin.supervisor.entry import run

__all__ = ["run"]
