"""Gemensam: the registry."""
