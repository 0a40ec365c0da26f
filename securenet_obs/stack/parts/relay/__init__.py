"""The relay in front of Bugsink: stores the items that Bugsink drops, and answers for them."""
