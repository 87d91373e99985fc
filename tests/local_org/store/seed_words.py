"""The words that seeded rows are made of."""

from __future__ import annotations

COMPANIES = (
    "Acme", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Iris", "Juniper",
    "Keystone", "Lumen", "Meridian", "Northwind", "Orchard", "Pinnacle", "Quarry", "Ridge",
    "Summit", "Tidewater", "Umber", "Vertex", "Willow", "Zenith",
)  # fmt: skip
TRADES = ("Foods", "Freight", "Glass", "Holdings", "Labs", "Mills", "Motors", "Paper", "Robotics")
FIRST_NAMES = (
    "Ada",
    "Björn",
    "Chloé",
    "Dev",
    "Eun-ji",
    "Farah",
    "Grace",
    "Hamza",
    "Iñes",
    "Jürgen",
)
LAST_NAMES = ("Abara", "Brontë", "Costa", "D'Arcy", "Eriksen", "Fenn", "García", "Hoang", "Ito")
CITIES = ("Aarhus", "Bogotá", "Chicago", "Durban", "Edinburgh", "Fukuoka", "Genève", "Hobart")
STATES = ("CA", "IL", "NY", "Bayern", "Ontario", "NSW")
COUNTRIES = ("United States", "Germany", "Côte d'Ivoire", "Japan", "Brazil", "India")
STREETS = ("Main Street", "Harbour Road", "Rue de l'Église", "Lindenallee", "High Street")
TITLES = ("Buyer", "Chief of Staff", "Engineer", "Head of Sales", "VP, Operations")
DEPARTMENTS = ("Finance", "Legal", "Operations", "Research", "Sales")
DEALS = ("New site", "Renewal", "Pilot", "Expansion", "Add-on", "Migration")
STEPS = ("Call back", "Send quote", "Legal review", "Waiting for budget", "Sign")
SENTENCES = (
    "Met at the trade fair; wants a quote by Friday.",
    "Call again after the summer holidays.",
    "Two sites, one contract.\nInvoice goes to the head office.",
    'Said "maybe" twice, then "yes".',
    "Asked for references in the same industry.",
)
UNITS = ("kg", "l", "m²", "pcs")

BY_NAME_ENDING = {
    "FirstName": FIRST_NAMES,
    "LastName": LAST_NAMES,
    "City": CITIES,
    "State": STATES,
    "Country": COUNTRIES,
    "CountryIso": ("DE", "FR", "JP", "US"),
    "Title": TITLES,
    "Department": DEPARTMENTS,
    "Division": DEPARTMENTS,
    "CompanyName": COMPANIES,
    "NextStep": STEPS,
}
"""Words for a text field, by how its name ends."""
