"""Who signs in, with what, and why it was refused."""
