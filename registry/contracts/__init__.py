"""Contracts of interfaces: what they say, whether one can replace another, and how well they keep to the rules.

Pure: bytes in, `verdict_pb2` messages out. Contracts come from others, so they are read in a child process with limits.
"""
