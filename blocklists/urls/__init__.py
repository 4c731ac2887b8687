"""What is listed beyond names: pages, path prefixes and digests, as one immutable index (README.md)."""
