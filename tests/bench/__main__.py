"""`make bench`, or `python -m tests.bench`: measures the registry beside a bare floor."""

if __name__ == "__main__":
    import typer

    from tests.bench.command import main  # not above: the clients' process imports this module too, and needs neither

    typer.run(main)
