"""The data card: what a data set is, how it was made, how good it is, whose it is, and which of its videos are gone."""
