# The binding of src/stats.
