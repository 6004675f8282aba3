"""`python -m tests.soak`: see `--help`."""

import typer

from tests.soak.command import main

if __name__ == "__main__":
    typer.run(main)
