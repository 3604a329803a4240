"""The command line: one command per file = a docstring with an example + one library call of the same name."""

from action100m.cli.app import main

__all__ = ["main"]
