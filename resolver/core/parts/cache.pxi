# The binding of src/cache.
