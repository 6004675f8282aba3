"""Brings what the registry offers into a receiving body's own gateway, monitoring and catalogue, and proves it."""
