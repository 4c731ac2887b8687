"""Pure: policies, the verdict and its explanation. No clock, no socket, no file: everything is an argument."""
