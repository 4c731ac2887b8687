"""The published state that control writes and the data plane reads: one generation at a time."""
