"""Everything of a kind in a snapshot, read page by page."""

from collections.abc import Iterator

from registry.domain.filter import Node
from registry.store import Query, View

PAGE = 500


def every(view: View, noun: str, parent: str, where: Node | None = None) -> Iterator[bytes]:
    """The documents, in name order."""
    token = ""
    while True:
        page = view.page(Query(noun, parent=parent, filter=where, page_size=PAGE, page_token=token))
        yield from page.documents
        if not (token := page.next_page_token):
            return
