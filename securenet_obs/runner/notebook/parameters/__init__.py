"""The parameters of a notebook: their schema, their cell, their values, and secrets among them."""
