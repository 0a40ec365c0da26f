"""HTTP clients: of SecureNet's API, and of any JSON API."""
