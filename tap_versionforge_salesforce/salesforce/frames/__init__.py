"""Bytes of a page → a Frame of canonical values."""
