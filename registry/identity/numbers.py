"""Where an organisation number stands in a subject: in the one field that is configured, and never in the common name.

Source: ETSI EN 319 412-1 (5.1.4) for `organizationIdentifier` as `NTRSE-` and ten digits. Which issuer uses which field
is said by the one who trusts it.
"""

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from registry.domain.organisation_number import is_valid

_FIELDS = {
    "organization_identifier": (NameOID.ORGANIZATION_IDENTIFIER, "organizationIdentifier", "NTRSE-"),
    "serial_number": (NameOID.SERIAL_NUMBER, "serialNumber", ""),
}
_DIGITS = re.compile("[0-9]{10}")


class NoNumber(Exception):
    """No organisation number is proven; the text completes the sentence "The certificate ..."."""


def of_subject(subject: x509.Name, field: str) -> str:
    """The ten digits. Errors: NoNumber."""
    oid, name, prefix = _FIELDS[field]
    values = [each.value for each in subject if each.oid == oid]
    if len(values) != 1:
        raise NoNumber(f"must have exactly one {name} in its subject, and has {len(values)}")
    value = values[0]
    return of_text(value.removeprefix(prefix) if isinstance(value, str) and value.startswith(prefix) else "", name)


def of_text(text: object, name: str) -> str:
    """The same when it is ten ASCII digits with a right check digit, and nothing else. Errors: NoNumber."""
    if not isinstance(text, str) or not _DIGITS.fullmatch(text) or not is_valid(text):
        raise NoNumber(f"has no Swedish organisation number in its {name}, in the one form that is read")
    return text
