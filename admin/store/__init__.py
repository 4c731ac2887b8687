"""The database's room: models and migrations will live here. Use cases are in ``admin.services``, never here."""
