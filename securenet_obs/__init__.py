"""SecureNet's services and their observability, probes, a notebook runner and a local stack."""

__version__ = "0.1.0"
