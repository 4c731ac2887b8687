"""What of control's parts makes up the manifest of a state: gathered here, written down by ``log_state``."""

from __future__ import annotations

from admin.control.editing import Editor
from admin.control.lists import ListKeeper
from admin.control.publishing import InPlace
from blocklists.enforcement import Enforced
from resolver.tlog.manifests import ListState, Manifest


class Describer:
    """Describes states; in threads."""

    def __init__(self, keeper: ListKeeper, editor: Editor) -> None:
        """``keeper`` knows the versions of lists and how much of them is enforced, ``editor`` the edits."""
        self._keeper, self._editor = keeper, editor

    def __call__(self, put: InPlace) -> Manifest:
        """The manifest of a state that is about to be in force. OSError, ValueError."""
        enforced = self._keeper.lives.enforced()
        lists = {
            item.id: ListState(conf=item.confidentiality.value, enf=enforced.get(item.id, Enforced.ALL).value)
            for item in put.config.lists
        }
        profiles = dict.fromkeys(put.config.profiles, ())
        return Manifest(lists, profiles, "0+" + 64 * "0")
