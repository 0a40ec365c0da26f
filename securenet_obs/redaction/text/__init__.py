"""Search of a text for secrets to mask: its JSON, its tokens, values assigned to secret names."""
