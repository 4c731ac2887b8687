"""How packets come in and answers go out: UDP and TCP now, DoT and DoH beside them later. No policy here."""
