"""People: their looks, names and facts, written and drawn."""
