"""How many of a noun an organisation may have: more than anybody needs, and an end to mistakes and malice."""

from typing import Any

from registry.domain import grant, key, subscription
from registry.domain.names import parent
from registry.errors import TooLarge
from registry.store import Batch

# By the message: the column that names the organisation, and how many.
QUOTAS = {
    "System": ("parent", 1000),
    "Offering": ("provider", 1000),
    "Interest": ("parent", 1000),
    "Subscription": ("parent", 10_000),
    "Grant": ("organisation", 1000),
    "Key": ("organisation", 1000),
}
# The states of what is over and is kept as a record alone: whoever tidies up may begin anew.
OVER = {"Subscription": subscription.OVER, "Grant": (grant.REVOKED,), "Key": (key.REVOKED,)}


def check(message: Any, batch: Batch) -> None:
    """Refuse one more than the quota. Counted under the writer's lock, so that many at once are not more either.

    Errors: QUOTA_EXCEEDED.
    """
    noun = message.DESCRIPTOR.name
    if noun not in QUOTAS:
        return
    column, maximum = QUOTAS[noun]
    organisation = parent(message.name) if column == "parent" else getattr(message, column)
    if batch.count(type(message), column, organisation, OVER.get(noun, ())) >= maximum:
        text = f"{organisation or 'The registry'} has {maximum} of {noun} already, and may have no more."
        raise TooLarge("QUOTA_EXCEEDED", text, limit=noun, maximum=maximum, organisation=organisation)
