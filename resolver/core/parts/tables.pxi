# The binding of src/tables.
