"""The engine for Python: an org's rows as DataFrames and Arrow batches, without Singer."""
