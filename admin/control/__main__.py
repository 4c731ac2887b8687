"""``python -m admin.control``: see ``admin.control.process``."""

import sys

from resolver.runtime.ending import end
from resolver.runtime.loading import no_collection

with no_collection():
    from admin.control.process import main

end(main(sys.argv[1:]))
