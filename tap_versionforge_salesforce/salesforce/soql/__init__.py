"""SOQL that users write themselves, read into values and held against the describes."""
