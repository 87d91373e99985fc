"""`make demo`: a real `meltano run`, twice, without a Salesforce account."""
