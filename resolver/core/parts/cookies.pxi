# The binding of src/cookies.
