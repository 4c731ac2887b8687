"""The parent portal's room: thin pages on ``admin.services``, never a rule of their own."""
