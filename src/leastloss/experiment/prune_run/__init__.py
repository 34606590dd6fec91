"""The entry point ``prune``: one dense network, one child run per criterion."""
