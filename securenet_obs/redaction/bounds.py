"""Limits on the work of one redaction call on a hostile value; the part beyond is masked."""

MAX_DEPTH = 64
"""Maximum depth of nested containers; deeper values are masked."""
MAX_TEXT_LENGTH = 1_000_000
"""Maximum characters of a suspect text; a longer one is cut to a quarter of this limit."""
MAX_TOTAL_TEXT = 8_000_000
"""Maximum characters of suspect text that one call searches; later texts are masked."""
MAX_VALUES = 2_000_000
"""Maximum number of values that one call visits; later values are masked."""
