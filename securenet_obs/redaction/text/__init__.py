"""The search of a text: its JSON, its tokens, and values assigned to secret names."""
