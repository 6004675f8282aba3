"""What can be proven without trusting the registry: trees of hashes, signed notes, signatures of publishers.

Nothing here reads a store or a network, so that auditors and subscribers check by the same code that the registry
proves with.
"""
