"""A registry under mixed load while a random nemesis, drawn from a seed, does it harm; and what came of it, judged."""

import warnings

# The packaged PostgreSQL asks for a place that containers do not have, and says so when it is imported.
warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
