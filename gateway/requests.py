"""Room for "May I?": a person asks, the account holder answers, a grant follows; appeals and reports beside it.

What will live here: the gateway's side of the Unix-socket protocol to control, with its limits per client. What never
does: a decision about a request, or anything about an illegal list, for which there is nothing to ask.
"""
