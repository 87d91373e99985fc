"""Files of an org's rows: Parquet, CSV, JSON lines, or the tables of a DuckDB database."""
