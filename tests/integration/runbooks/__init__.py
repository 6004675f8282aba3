"""The commands of the runbooks, run."""
