"""The asyncio shell around the exchange: sockets, connections, one timer. No decision is made here."""
