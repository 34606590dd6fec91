"""The entry point ``sweep``: a study from one file, run and published."""
