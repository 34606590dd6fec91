"""The entry point ``export``: one network of a run or a file, as files to take home."""
