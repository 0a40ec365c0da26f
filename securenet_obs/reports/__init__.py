"""Reports: history of runs, flaky notebooks, durations, the static site, pruning of evidence."""
