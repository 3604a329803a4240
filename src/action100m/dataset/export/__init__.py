"""Data sets and Samples in the forms that other tools read, one per file."""
