"""Adapters that bring an offering into the receiving body."""
