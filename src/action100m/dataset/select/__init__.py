"""Choose nodes and texts of a data set, and write them as Samples or as a smaller data set."""
