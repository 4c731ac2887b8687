"""The compiled snapshot: what is listed, as one immutable mapped file (README.md)."""
