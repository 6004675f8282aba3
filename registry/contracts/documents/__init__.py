"""Contracts that are JSON or YAML: JSON Schema, and what OpenAPI and AsyncAPI put around it."""
