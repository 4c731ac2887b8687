"""``python -m admin.control``: see ``admin.control.process``."""

import sys

from admin.control.process import main

sys.exit(main(sys.argv[1:]))
