# cython: language_level=3, boundscheck=False, wraparound=False, binding=True, embedsignature=False
"""The Python side of ``src``: converts, decides nothing. ``native.pyi`` is the documentation.

One module in parts, each beside the C that it binds.
"""

include "parts/common.pxi"
include "parts/tables.pxi"
include "parts/tables_writer.pxi"
include "parts/cache.pxi"
include "parts/scan.pxi"
include "parts/cookies.pxi"
include "parts/stats.pxi"
include "parts/sketch.pxi"
include "parts/clamp.pxi"
include "parts/tap.pxi"
include "parts/confine.pxi"
include "parts/turns.pxi"
include "parts/state.pxi"
include "parts/pipeline.pxi"
include "parts/engine.pxi"
