"""How much of a hostile value one call looks at; what is beyond is masked."""

DEEPEST = 64
"""Containers within containers that are followed; what is deeper is masked."""
LONGEST_TEXT = 1_000_000
"""Characters of a suspect text that are searched; of a longer one the first quarter is kept."""
MOST_TEXT = 8_000_000
"""Characters of suspect text that one call searches; what comes after them is masked."""
MOST_VALUES = 2_000_000
"""Values that one call visits; what comes after them is masked."""
