"""The file that says whom to trust: read safely, checked field by field, with paths relative to itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from registry.contracts.reading import Unreadable, load
from registry.domain.organisation_number import contains_personal_number
from registry.errors import Invalid
from registry.identity.fetched import pinned

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Url = Annotated[Text, AfterValidator(pinned)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Part):
    """The registry's own certificate, with the chain behind it, and its key; both PEM."""

    certificate: Path
    key: Path


class CertificateIssuer(_Part):
    """An issuer of client certificates. `ca`: its roots. `intermediates`: what lies between.

    `number`: which field of the subject holds the organisation number, and no other is looked at. `crl`: its lists of
    revoked certificates, one a file. `stale_crl`: what happens when none of them is of today.
    """

    id: Id
    ca: Path
    intermediates: Path | None = None
    number: Literal["organization_identifier", "serial_number"]
    crl: tuple[Path, ...] = ()
    stale_crl: Literal["refuse", "accept"] = "refuse"


class TokenIssuer(_Part):
    """An issuer of access tokens (RFC 9068). `jwks`: where its keys are, and nothing a token says leads elsewhere.

    `bound`: whether a token must belong to a certificate (RFC 8705), or is only held to one that it names.
    `lifetime_seconds`: the longest between `iat` and `exp`. `number_claim`: a claim that holds the organisation number.
    """

    id: Id
    issuer: Text
    audience: Text
    jwks: Url
    ca: Path | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("ES256", "PS256"), min_length=1)
    bound: Literal["required", "when_named"] = "when_named"
    lifetime_seconds: int = Field(default=600, ge=1, le=3600)
    number_claim: Annotated[str, StringConstraints(max_length=100)] = ""


class PeopleIssuer(_Part):
    """An organisation's identity provider (OpenID Connect), by which people log in to pages.

    `title`: as people know it. `page`: where browsers reach the web face. `operators`: who may operate, as values of
    claims of the ID token, of which one is enough. `acr`: the levels of which a login must have one; () for any.
    `scopes`: asked for beside `openid`. `max_age_seconds`: since the person proved itself; 0 for any time.
    """

    id: Id
    title: Text
    issuer: Url
    client_id: Text
    client_secret_file: Path | None = None
    ca: Path | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("ES256", "PS256"), min_length=1)
    page: Url
    operators: dict[Text, Annotated[tuple[Text, ...], Field(min_length=1)]] = Field(min_length=1)
    acr: tuple[Annotated[Text, StringConstraints(pattern=r"^\S+$")], ...] = ()
    scopes: tuple[Annotated[Text, StringConstraints(pattern=r"^\S+$")], ...] = ()
    max_age_seconds: int = Field(default=0, ge=0)

    @field_validator("page")
    @classmethod
    def _host_alone(cls, value: str) -> str:
        url = urlsplit(value)
        if url.path.strip("/") or url.query:
            raise ValueError("must have no path: the pages are below /ops")
        return value.rstrip("/")

    @field_validator("operators")
    @classmethod
    def _no_number(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if any(contains_personal_number(each) for values in value.values() for each in values):
            raise ValueError("must not hold a person's number: name pairwise subjects, or a group")
        return value


class Configuration(_Part):
    """Whom the registry trusts, and how it is known itself."""

    server: Server | None = None
    certificates: tuple[CertificateIssuer, ...] = ()
    tokens: tuple[TokenIssuer, ...] = ()
    people: tuple[PeopleIssuer, ...] = ()
    deny: Path | None = None

    @model_validator(mode="after")
    def _once(self) -> "Configuration":
        lists = {
            "certificates.id": [each.id for each in self.certificates],
            "tokens.id": [each.id for each in self.tokens],
            "tokens.issuer": [each.issuer for each in self.tokens],
            "people.id": [each.id for each in self.people],
        }
        for field, values in lists.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{field} must differ from entry to entry")
        return self


def read(file: Path) -> Configuration:
    """What the file says, with paths made absolute. Errors: Invalid TRUST_INVALID that names every field."""
    try:
        said = load("application/yaml", file.read_bytes())
        found = Configuration.model_validate(_placed(said, file.resolve().parent))
    except (OSError, Unreadable) as error:
        raise invalid(file, "", str(error)) from None
    except ValidationError as error:
        raise _explained(file, error) from None
    return found


def invalid(file: Path, field: str, problem: str) -> Invalid:
    """What is said of a file that cannot be used."""
    where = f"{file}: {field}" if field else str(file)
    violations = [(field, problem)] if field else []
    text = f"{where} {problem}" if field else f"{where}: {problem}"
    return Invalid("TRUST_INVALID", text, violations=violations, file=file, field=field, problem=problem)


def _explained(file: Path, error: ValidationError) -> Invalid:
    wrong = [(".".join(str(part) for part in each["loc"]), _sentence(each["msg"])) for each in error.errors()]
    text = f"{file}: " + "; ".join(f"{field} {what}".strip() for field, what in wrong)
    return Invalid("TRUST_INVALID", text, violations=wrong, file=file, field=wrong[0][0], problem=wrong[0][1])


def _sentence(text: str) -> str:
    return text.removeprefix("Value error, ")


def _placed(said: Any, folder: Path) -> Any:
    """The same with every path made absolute, where the shape is as it should be; the model tells when it is not."""
    if not isinstance(said, dict):
        return said
    return {key: _placed_value(key, value, folder) for key, value in said.items()}


_PATHS = frozenset({"certificate", "key", "ca", "intermediates", "deny", "client_secret_file"})


def _placed_value(key: str, value: Any, folder: Path) -> Any:
    if key in _PATHS and isinstance(value, str) and value:
        return folder / value
    if key == "crl" and isinstance(value, list):
        return [folder / each if isinstance(each, str) else each for each in value]
    if isinstance(value, list):
        return [_placed(each, folder) for each in value]
    return _placed(value, folder)


def files(found: Configuration) -> Iterator[Path]:
    """Every file that the configuration names."""
    if found.server:
        yield from (found.server.certificate, found.server.key)
    for issuer in found.certificates:
        yield from (issuer.ca, *([issuer.intermediates] if issuer.intermediates else []), *issuer.crl)
    yield from (each.ca for each in found.tokens if each.ca)
    for people in found.people:
        yield from (each for each in (people.ca, people.client_secret_file) if each)
    if found.deny:
        yield found.deny
