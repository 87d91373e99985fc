"""One request, until it is answered for good."""
