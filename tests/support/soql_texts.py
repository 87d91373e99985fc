"""Conditions that Salesforce reads, as people write them, on the fields of an Opportunity."""

from __future__ import annotations

# What the local org reads as well.
CONDITIONS = {
    "a flag": "IsWon = true",
    "an amount": "Amount > 1000",
    "a negative amount": "Amount >= -12.50",
    "an exponent": "Amount < 1.5e3",
    "no amount": "Amount = null",
    "another spelling of unequal": "StageName <> 'Closed Lost'",
    "a text with a quote": r"Name = 'O\'Brien'",
    "a text with a bracket and a word of SOQL": "Name != 'a) OR (b ORDER BY c; -- d'",
    "a pattern": r"Name LIKE 'Acme\_%'",
    "a list": "StageName IN ('Prospecting', 'Closed Won')",
    "not in a list": "StageName not in('Prospecting')",
    "a date": "CloseDate >= 2026-01-31",
    "a date-time": "CreatedDate < 2026-01-31T10:00:00Z",
    "a date-time with an offset": "CreatedDate > 2026-01-31T10:00:00.123+02:00",
    "a day": "CreatedDate = TODAY",
    "the last days": "CloseDate > LAST_N_DAYS:30",
    "a day some time ago": "CloseDate <= N_DAYS_AGO:7",
    "a quarter": "CloseDate = THIS_QUARTER",
    "a fiscal quarter": "CloseDate = THIS_FISCAL_QUARTER",
    "years to come": "CloseDate = next_n_years:2",
    "a field of a parent": "Account.Name = 'Acme'",
    "a field of a parent's parent": "Account.Owner.Username LIKE 'a%'",
    "both": "IsWon = true AND Amount > 1000 AND CloseDate = THIS_YEAR",
    "either": "IsWon = true OR Amount > 1000",
    "brackets": "(IsWon = true OR Amount > 1000) AND (NOT StageName = 'Closed Lost')",
    "not first": "NOT (IsWon = true AND Amount > 1000)",
    "brackets around all": "((IsWon = true))",
    "lines and tabs": "IsWon = true\n\tand Amount > 1000\r\n",
    "a semi-join": "AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'A%')",
    "an anti-join": "AccountId NOT IN (select AccountId from Contact)",
}
# What it does not; the parsers of others do.
MORE_CONDITIONS = {
    "a year": "CALENDAR_YEAR(CreatedDate) = 2026",
    "an hour of the user's": "HOUR_IN_DAY(convertTimezone(CreatedDate)) > 9",
    "a day of a date-time": "DAY_ONLY(CreatedDate) = 2026-01-31",
    "a label": "toLabel(StageName) = 'Gewonnen'",
    "an amount of a currency": "Amount > USD5000",
    "picked values": "Competitors__c INCLUDES ('A;B', 'C')",
    "no picked values": "Competitors__c EXCLUDES ('A')",
    "a distance": "DISTANCE(Site__c, GEOLOCATION(37.775, -122.418), 'mi') < 20",
}
