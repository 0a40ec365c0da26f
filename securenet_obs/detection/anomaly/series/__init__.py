"""Detection in one series: deviations, largest so far, alarm budget, judgements with reasons."""
