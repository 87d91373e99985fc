"""`make bench`: how fast the whole tap is, as a process, on this machine."""
