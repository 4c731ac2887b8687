# The binding of src/pipeline.
