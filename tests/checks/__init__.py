"""Checks of the contract and the documents: `python -m tests.checks.protos`, `python -m tests.checks.docs`."""
