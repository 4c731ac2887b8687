"""Use cases: what people and other processes ask of control, one function each. No HTTP, no terminal."""
