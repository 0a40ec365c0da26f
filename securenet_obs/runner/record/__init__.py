"""Record of a command: order, provenance, journal, runs, attempts, verdict, timings, summary."""
