"""The command line: one command = a docstring with an example + one library call of the same name."""
