"""Who is asking: from an address to a policy number. Names of subscribers are never here."""
