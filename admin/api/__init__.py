"""HTTP for operators and machines: health, metrics, questions. Thin: it asks the services and shows what they say.

Never here: a decision of its own, a record of who asked, anything of a secret list but that it is loaded.
"""
