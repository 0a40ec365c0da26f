"""Programs of faulty parts and workers, run with `python -m` in place of their own."""
