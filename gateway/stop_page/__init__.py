"""The stop page: its words, languages and looks.

What lives here: templates, the style sheet, catalogues, and the pure step from a decision to bytes. What never does:
a decision, a socket, or anything about the request beyond the language that it prefers.
"""
