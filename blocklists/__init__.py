"""What is listed: sources, formats, gates and the compiled snapshot.

This is the lowest room: it knows nothing of subscribers, policies or DNS messages.
"""
