"""What an org holds now against what it held before: what no stamp tells of is found by that."""
