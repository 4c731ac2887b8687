"""The data plane's native part. Times: ``now_ms`` is CLOCK_MONOTONIC in milliseconds, ``unix_ms`` the time of day.

Names are lower-case DNS wire names; addresses are packed, 4 or 16 bytes.
"""

class CoreError(ValueError):
    """A file or a mapping cannot be used; the message says which, what is wrong and what to do."""
