"""Recorded answers of real orgs."""
