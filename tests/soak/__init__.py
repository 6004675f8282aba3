"""A registry under mixed load while a random nemesis, drawn from a seed, does it harm; and what came of it, judged."""
