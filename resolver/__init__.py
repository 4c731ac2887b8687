"""Who may have which name, and the answer: the data plane and its policy engine."""
