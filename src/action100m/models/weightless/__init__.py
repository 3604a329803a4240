"""Models without weights: what can be measured, and picked out of what is already known. Chosen by name, never fallen back to."""
