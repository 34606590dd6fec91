"""Damage to images, at the severities of the literature: one file per family."""
