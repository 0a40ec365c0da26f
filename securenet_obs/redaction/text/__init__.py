"""Search of a text for secrets to mask: JSON, markup, command lines, tokens, named values."""
