"""Describes, columns and SOQL: values in, values out."""
