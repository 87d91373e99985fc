"""The tap as Singer and Meltano see it."""
