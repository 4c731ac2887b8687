"""People and proof: configuration, control, supervisor, API, command line."""
