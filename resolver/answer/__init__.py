"""The decision in Python: bytes in, who, bytes out. What the C core hands over is answered here.

It is also the oracle that the core is tested against: the same packet under the same state gets the same bytes. The
seam is ``pipeline.Pipeline``: listeners give it packets, and it knows neither sockets nor clocks.
"""
