"""What a user can set: declared once, checked once."""
