"""Parameters of a notebook: cell, schema, types, defaults, refusals, values, JSON and secrets."""
