"""Rules as data: names, texts, values and arguments that are secret; prefilter and plan."""
