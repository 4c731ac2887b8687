"""What a browser sees: the stop page now; asking, appeals and the URL filter later.

A process of its own that takes hostile bytes and holds no secret. It never keeps a request, an address or a name.
"""
