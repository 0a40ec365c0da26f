"""A notebook as a document: its file, metadata, language, needs and parameters."""
