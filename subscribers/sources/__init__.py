"""Where changes come from: one file for each way."""
