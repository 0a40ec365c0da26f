"""The rules: which names, texts, values and arguments are secret, as data; prefilter and plan."""
