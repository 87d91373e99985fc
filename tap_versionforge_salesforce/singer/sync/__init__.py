"""A stream from its bookmark to the present."""
