"""The national REST API profile 1.2.0: which of its rules that a contract can show does an OpenAPI document not keep.

Source of the rules: github.com/diggsweden/rest-api-profil-lint-processor, GUIDELINES.md.
"""

from typing import Any

from registry.api.v1.verdict_pb2 import LintFinding
from registry.contracts.profile import addresses as profile_addresses
from registry.contracts.profile import documentation as profile_documentation
from registry.contracts.profile import messages as profile_messages
from registry.contracts.profile import naming as profile_naming
from registry.contracts.profile import paging as profile_paging
from registry.contracts.profile import security as profile_security
from registry.contracts.profile.contract import Contract
from registry.contracts.rule import Rule, findings

RULES: tuple[Rule[Contract], ...] = tuple(
    sorted(
        (
            *profile_documentation.RULES,
            *profile_addresses.RULES,
            *profile_naming.RULES,
            *profile_messages.RULES,
            *profile_paging.RULES,
            *profile_security.RULES,
        ),
        key=lambda rule: rule.id,
    )
)


def profile(document: dict[str, Any]) -> list[LintFinding]:
    """What an OpenAPI 3.0 or 3.1 document does not keep: SKALL before BÖR, at most 200, `interface` left empty.

    The path is a JSON pointer (RFC 6901): where something is wrong or, for what is missing, where it belongs.
    References within the document are followed; nothing is fetched. A document of any shape is read, nothing is raised.
    """
    return findings(RULES, Contract(document))
