"""What the writer need not read again: documents, until another process moves the head, and words that are filed."""

from collections.abc import Iterable, Mapping

MAX_BYTES = 16 * 1024 * 1024
ENTRY_BYTES = 200  # what an entry costs beside its document, about
WORDS = 100_000


class Known:
    """Documents by name as of one revision; None: there is none. Emptied when the head is not where we left it."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes | None] = {}
        self._bytes = 0
        self._at: tuple[str, int] | None = None
        self._generation = ""
        self.words: set[str] = set()  # that are in the vocabulary for certain: nobody takes one out
        self._learned: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._documents

    def get(self, name: str) -> bytes | None:
        """The document, or None when there is none or nobody has looked."""
        return self._documents.get(name)

    def absent(self, name: str) -> bool:
        """Whether somebody has looked and there is none."""
        return name in self._documents and self._documents[name] is None

    def put(self, name: str, document: bytes | None) -> None:
        """Note what the open transaction has read."""
        self._bytes += len(document or b"") - len(self._documents.get(name) or b"")
        self._bytes += 0 if name in self._documents else ENTRY_BYTES
        self._documents[name] = document

    def learn(self, words: Iterable[str]) -> None:
        """Note words that are in the vocabulary once the open transaction is committed."""
        self._learned += words

    def begin(self, generation: str, revision: int) -> None:
        """The head's lock is held, and it says this. Until `committed` nobody knows what the next one finds."""
        self._learned = []
        if generation != self._generation or len(self.words) > WORDS:
            self._generation, self.words = generation, set()
        if self._at != (generation, revision) or self._bytes > MAX_BYTES:
            self._documents.clear()
            self._bytes = 0
        self._at = None

    def committed(self, generation: str, revision: int, written: Mapping[str, bytes | None]) -> None:
        """What was read and written is true at this revision."""
        for name, document in written.items():
            self.put(name, document)
        self.words.update(self._learned)
        self._at = (generation, revision)
