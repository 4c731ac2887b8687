"""``weir vault rotate``: another vault key for this box, while control is stopped."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated

import typer

from admin.cli.exits import Exit
from admin.cli.reasons import optional_reason
from admin.cli.terminal import complain, complain_of, open_config, say
from admin.cli.verb import verb

_CREDENTIAL = "credential:"


def register(app: typer.Typer) -> None:
    """Add the group of verbs."""
    group = typer.Typer(help="The key of secret lists.", no_args_is_help=True, rich_markup_mode=None)
    group.command("rotate", help="Wrap the keys of all secret lists by a new vault key.")(verb(rotate))
    group.callback()(lambda: None)  # so that one verb does not become the group itself
    app.add_typer(group, name="vault")


def rotate(
    old: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PATH|credential:NAME",
            help="The vault key used so far; admin.vault.key leads to the new one. A box with a key of its own makes another.",
        ),
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "",
    config: Annotated[Path | None, typer.Option("-c", "--config", help="The configuration file.")] = None,
) -> int:
    """1 if the keys of some lists could not be had, 2 for a key that cannot be used, 3 if control runs."""
    from admin.config import ConfigError
    from admin.services.actors import Actor, ActorKind
    from admin.services.acts import Act
    from admin.services.locking import LockedError
    from admin.services.vault_rotation import rotate as wrap_anew
    from blocklists.credentials import CredentialError
    from blocklists.properties import Secret
    from blocklists.vault import VaultKeyError

    secret = (
        Secret(credential=old.removeprefix(_CREDENTIAL)) if old.startswith(_CREDENTIAL) else Secret(path=old)
    )
    act = Act(Actor.of_the_box(ActorKind.LOCAL, getpass.getuser()), time.time(), optional_reason(reason))
    try:
        done = wrap_anew(open_config(config), secret if old else None, act)
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except (VaultKeyError, CredentialError) as error:
        complain(str(error))
        return Exit.USAGE
    except (LockedError, OSError) as error:
        complain(f"cannot rotate: {error}")
        return Exit.UNKNOWN
    say(
        f"wrapped by the new vault key: {', '.join(done.done) or 'no list'}. Start control now, and destroy the old key."
    )
    for list_id in done.lost:
        complain(
            f"list {list_id}: neither key opens its key; its kept versions are lost, the next sync brings a new one"
        )
    return Exit.FAILED if done.lost else Exit.DONE
