"""Small mistakes, put into the core one at a time to see whether the tests notice."""
