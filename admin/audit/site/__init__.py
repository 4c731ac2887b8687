"""The page of the public log for people: what is in force, what happened, how to check it. Made of the log alone."""
