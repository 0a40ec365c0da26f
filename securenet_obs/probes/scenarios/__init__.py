"""What one notebook needs: tracing, leaks, tenants, the schedule, samples and drills."""
