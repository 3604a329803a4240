"""How two annotations of the same videos agree."""
