"""From the configuration to the address of a database that can be opened. Reads a credential; opens nothing."""

from __future__ import annotations

from admin.config import Config
from admin.config.database import CREDENTIAL, FILE, SQLITE, DatabaseAddress
from admin.store.errors import UnavailableError
from blocklists.credentials import CredentialError, read_line
from blocklists.properties import Secret

FILE_NAME = "weir.db"


def address_of(config: Config) -> str:
    """``sqlite:`` and an absolute path, or ``postgresql://…`` with all that is needed to connect.

    UnavailableError if the credential or file that holds it cannot be read, or holds something else.
    """
    declared = config.admin.database
    if declared is None:
        return f"{SQLITE}:{config.data_dir.absolute() / FILE_NAME}"
    base = config.path.parent
    if declared.scheme in (CREDENTIAL, FILE):
        secret = (
            Secret(credential=declared.rest)
            if declared.scheme == CREDENTIAL
            else Secret(path=str(base / declared.rest))
        )
        declared = _inside(secret)
    if declared.scheme == SQLITE:
        return f"{SQLITE}:{base / declared.rest}"
    return declared.text


def _inside(secret: Secret) -> DatabaseAddress:
    try:
        address = DatabaseAddress.parse(read_line(secret))
    except CredentialError as error:
        raise UnavailableError(f"admin.database: {error}") from error
    except ValueError as error:
        raise UnavailableError(f"admin.database: {secret}: {error}") from None
    if address.scheme in (CREDENTIAL, FILE):
        raise UnavailableError(
            f"admin.database: {secret}: leads on to {address}; write the address itself there"
        )
    return address
