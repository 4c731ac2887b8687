"""``python -m admin.control``: see ``admin.control.process``."""

import sys

from admin.control.process import main
from resolver.runtime.ending import end

end(main(sys.argv[1:]))
