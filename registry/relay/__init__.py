"""Announces the ledger on Kafka: a projection that publishing never waits for, and that can be made again."""
