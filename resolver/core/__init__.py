"""The data plane in C11: wire, cache, client and policy tables, batches of packets. One Cython binding, ``native``.

What runs per packet lives here, in ``src``. What runs per miss, per list or per change is Python elsewhere.
"""
