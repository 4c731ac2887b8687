"""The transparency log's room: events, Merkle log, checkpoints, offline verifier. Nothing here decides a verdict."""
