"""Room for the second stage of URL-precise blocking: requests to steered hosts are passed on or stopped, URL by URL.

What will live here: matching a request's URL and passing everything else on byte for byte. What never does: opening
TLS, widening an entry to its host, or a record of a request.
"""
