"""A live display of a run on a terminal."""
