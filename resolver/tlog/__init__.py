"""The transparency log's formats (v:1): bytes in, values out. No file, no clock, no randomness, no key that signs."""
