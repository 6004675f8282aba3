"""One file for each target; each is found by its entry point in the group `gemensam.adapters`."""
