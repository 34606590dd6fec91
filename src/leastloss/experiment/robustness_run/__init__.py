"""The entry point ``robustness``: dense and pruned networks under noise."""
