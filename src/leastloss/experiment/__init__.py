"""The recipes that the entry points call."""
