"""The commands of README and tutorial, as somebody follows them: read, run, compared, written."""
