# The binding of src/scan.
