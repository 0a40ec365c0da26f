"""The rules: which names and texts are secret, as data, and the prefilter made of them."""
