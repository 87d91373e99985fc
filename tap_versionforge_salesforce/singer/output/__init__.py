"""A Frame → RECORD lines, BATCH files, Parquet."""
