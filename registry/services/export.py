"""Export: pages over several nouns, one noun after the other so that what they name of others comes first."""

import base64
import json
from collections.abc import Callable

from registry.api.v1 import definition_service_pb2 as pb
from registry.api.v1.resource_pb2 import Resource
from registry.domain import agreement, limits
from registry.domain.nouns import APPLIED
from registry.errors import Invalid
from registry.store import Query, View


def reader(request: pb.ExportRequest) -> Callable[[View], pb.ExportResponse]:
    """The work for a snapshot. Errors: FIELD_INVALID for a noun that is not exported, PAGE_TOKEN_INVALID."""
    size = limits.page_size(request.page_size)
    for kind in request.kinds:
        if kind not in APPLIED:
            what = f"must be of {', '.join(APPLIED)}, and {kind[:63]!r} is not"
            raise Invalid("FIELD_INVALID", f"kinds {what}.", violations=[("kinds", what)], field="kinds")
    kinds = [noun for noun in APPLIED if not request.kinds or noun in request.kinds]
    start, inner = _decode(request.page_token, kinds)

    def read(view: View) -> pb.ExportResponse:
        response = pb.ExportResponse(revision=view.revision, generation=view.generation)
        token, left = inner, size
        for noun in kinds[kinds.index(start) :] if start else kinds:
            while left:
                page = view.page(Query(noun, parent=_all(noun), page_size=left, page_token=token))
                token = page.next_page_token
                for document in page.documents:
                    _add(response, noun, document, request.name_prefix)
                left = size - len(response.resources)
                if not token:
                    break
            if token or not left:
                response.next_page_token = _encode(noun, token, kinds)
                break
        return response

    return read


def _add(response: pb.ExportResponse, noun: str, document: bytes, prefix: str) -> None:
    resource = Resource()
    getattr(resource, noun).MergeFromString(document)
    if noun == "agreement" and (
        agreement.is_recorded(resource.agreement) or resource.agreement.state == agreement.ENDED
    ):
        return  # the registry's own record, or history
    if getattr(resource, noun).name.startswith(prefix):
        response.resources.append(resource)


def _all(noun: str) -> str:
    return {"release": "offerings/-", "system": "organisations/-", "interest": "organisations/-"}.get(noun, "")


def _encode(noun: str, token: str, kinds: list[str]) -> str:
    """Where the next page starts: inside the noun, or at the next one; '' after the last."""
    if not token:
        following = kinds[kinds.index(noun) + 1 :]
        if not following:
            return ""
        noun = following[0]
    return base64.urlsafe_b64encode(json.dumps([noun, token]).encode()).decode()


def _decode(token: str, kinds: list[str]) -> tuple[str, str]:
    if not token:
        return "", ""
    try:
        noun, inner = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError):
        noun, inner = "", ""
    if noun not in kinds or not isinstance(inner, str):
        raise Invalid("PAGE_TOKEN_INVALID", "The page token is malformed or of another export: start again without it.")
    return noun, inner
