"""`check`: every step of the way to the data, and what to do about what is not as it should be."""
