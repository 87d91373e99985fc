"""What all rooms lean on: the clock, work in the background, signals, redaction."""
