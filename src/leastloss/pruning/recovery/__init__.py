"""What repairs a network after a step: one file per recovery, and a registry."""
