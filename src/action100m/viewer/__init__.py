"""Pages that show a record over its video."""
