"""Drawn camera frames: the default image source, which needs no download."""
