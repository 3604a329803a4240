"""Find segments by what is said of them: a full-text index and an index of vectors in an embedded database, and both ranked as one."""
