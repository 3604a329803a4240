"""Figures of a data set: what is in it, how long it is, what its texts say how often."""
