"""`python -m tests.faults.golden`: record a store and a feed of the present version."""

from tests.faults.golden import main

main()
