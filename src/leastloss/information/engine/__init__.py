"""The compiled loops behind the public functions, and their torch twin."""
