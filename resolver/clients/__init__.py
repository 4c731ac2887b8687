"""Who is asking: from an address to the bytes by which the tables know it. Names of subscribers are never here."""
