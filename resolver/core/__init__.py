"""The hot path: bytes in, who, bytes out. Parse, judge, answer from the cache or hand over a miss.

Pure Python for now, and the oracle that the C core of the same name is tested against later. The seam is
``pipeline.Pipeline``: listeners give it packets, and it knows neither sockets nor clocks.
"""
