"""The rows of one SELECT, by REST or by Bulk API 2.0, proven whole."""
