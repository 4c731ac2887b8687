# The binding of src/engine.
