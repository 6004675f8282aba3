"""The limits that hold everywhere, each with one check: up to the maximum is right, one more is refused."""

from registry.errors import Invalid, TooLarge

MESSAGE_BYTES = 4 * 1024 * 1024
TEXT_BYTES = 256 * 1024
SPEC_BYTES = 4 * 1024 * 1024
PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 50
BATCH_SIZE = 1000
LABELS = 64
LABEL_CHARACTERS = 63
ANNOTATIONS = 64
ANNOTATION_KEY_CHARACTERS = 255
ANNOTATION_BYTES = 4096
OFFERING_CAPABILITIES = 32
RELEASE_INTERFACES = 64
RELEASE_SIGNATURES = 16
CAPABILITY_LEVELS = 4
SUBSCRIPTION_STEPS = 32
QUERY_CHARACTERS = 200
REQUEST_ID_CHARACTERS = 64
NOTICE_DAYS = 3650
SAME_AS = 64
PREDECESSORS = 64
MEMBERSHIPS = 64
ORGANISATION_CAPABILITIES = 256
TERMS_VERSION_CHARACTERS = 63
FILTER_BYTES = 4096
CAMPAIGNS = 16
EXCUSES = 1000
VISIBLE_TO = 1000
EXCUSE_CHARACTERS = 200


def at_most(limit: str, actual: int, maximum: int) -> None:
    """Refuse more than `maximum` of what `limit` names. Errors: TooLarge LIMIT_EXCEEDED."""
    if actual > maximum:
        raise TooLarge(
            "LIMIT_EXCEEDED",
            f"{limit} is {actual}; at most {maximum} is allowed.",
            limit=limit,
            maximum=maximum,
            actual=actual,
        )


def page_size(asked: int) -> int:
    """The page size to use for the one asked: 50 for 0. Errors: LIMIT_EXCEEDED over 1000, FIELD_INVALID below 0."""
    if asked < 0:
        what = "must not be negative; 0 takes the default of 50"
        raise Invalid(
            "FIELD_INVALID",
            f"page_size is {asked}; it {what}.",
            violations=[("page_size", what)],
            field="page_size",
            actual=asked,
        )
    at_most("page_size", asked, PAGE_SIZE)
    return asked or DEFAULT_PAGE_SIZE


def request_id(text: str) -> str:
    """The idempotency key, when it can be kept. Errors: LIMIT_EXCEEDED over 64 characters, FIELD_INVALID."""
    at_most("request_id", len(text), REQUEST_ID_CHARACTERS)
    if not text.isprintable():
        what = "must have printable characters only, for example a UUID"
        raise Invalid("FIELD_INVALID", f"request_id {what}.", violations=[("request_id", what)], field="request_id")
    return text
