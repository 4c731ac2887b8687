"""Pure: a miss as events and commands. Upstream choice, retry, coalescing, cache admission, staleness, prefetch."""
