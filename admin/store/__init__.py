"""The database: engine, tables, migrations, transactions. What lives here knows rows; what they are for, never.

Use cases (``admin.services``) work inside a ``Transaction`` of ``admin.store.database``; nothing else opens a session.
"""
