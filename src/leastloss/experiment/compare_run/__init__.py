"""The entry point ``compare``: finished prune runs side by side."""
