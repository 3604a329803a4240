"""What a run has cost so far, and when it is to stop."""
