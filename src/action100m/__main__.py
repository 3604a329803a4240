"""`python -m action100m` is the command `action100m`."""

from action100m.cli import main

if __name__ == "__main__":
    main()
