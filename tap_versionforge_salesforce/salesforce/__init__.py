"""A Salesforce client library: no Singer, no stdout, no state file."""
