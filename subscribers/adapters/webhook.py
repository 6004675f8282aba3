"""Tells an endpoint of the body's own what it subscribes to: CloudEvents, signed as Standard Webhooks has it.

An endpoint cannot be looked into. So what it acknowledged stands for what it holds, in a journal beside the runner's
state: a message is written there before it is sent, and has the same id each time that it is tried again. Trying again
is the runner's, with its backoff. Before the first message, and whenever endpoint or secrets change, the endpoint must
answer a challenge.
"""

import hashlib
import json
import secrets as random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from subscribers.adapter import AdapterError, Description, Judge, Plan, Proof, Service
from subscribers.adapters import files, names
from subscribers.adapters.webhook_events import CHALLENGE, event
from subscribers.adapters.webhook_journal import Journal, Message
from subscribers.adapters.webhook_sender import Batch, Sender, read_secrets

UNCONFIRMED = "not acknowledged by the endpoint\n"
AT_ONCE, SLICE = 8, 64
_NOTHING = ""


class WebhookAdapter:
    """`url`: the endpoint; `secrets`: a file with a `whsec_...` a line, the newest first; `directory`: of the journal.

    `trust_store`: certificates that prove the endpoint; the system's by default.
    """

    def __init__(self, *, url: str, secrets: str, directory: str, judge: Judge, trust_store: str = "") -> None:
        keys = read_secrets(Path(secrets))
        self._url, self._sender, self._judge = url, Sender(url, keys, trust_store), judge
        self._proof = hashlib.sha256(b"\0".join([url.encode(), *keys])).hexdigest()
        self._journal = Journal(Path(directory) / "webhook.db", url)

    def describe(self) -> Description:
        """Who it is."""
        return Description("webhook", self._url, probes=False)

    def check(self) -> None:
        """The policy lets the endpoint be called, and the endpoint has answered the challenge."""
        self._confirm([])

    def render(self, service: Service) -> str:
        """What the endpoint is told of it."""
        names.parts(service.key)
        return files.as_text(service)

    def observe(self) -> Mapping[str, str]:
        """What was last sent of each, noted where it was not acknowledged."""
        found = {each.key: each.content if each.acknowledged else UNCONFIRMED + each.content for each in self._last()}
        return {key: content for key, content in found.items() if content}

    def apply(self, plan: Plan) -> None:
        """One message for each step that is news. Errors: AdapterError, after all that could be sent was sent."""
        for step in plan.steps:
            names.parts(step.key)
        keys = [step.key for step in plan.steps]
        self._confirm(keys)
        due = self._journal.enqueue({step.key: step.after for step in plan.steps}, self._make)
        self._send(due)

    def probe(self, service: Service) -> Proof:
        """The endpoint has acknowledged it as it is; that it did something with it is its own matter."""
        last = self._journal.last(service.key)
        if last and last.acknowledged and last.content == self.render(service):
            return Proof()
        return Proof("NOT_ACKNOWLEDGED", f"{self._url} has not acknowledged it as it is")

    def probe_gone(self, service: Service) -> Proof:
        """The endpoint has acknowledged that it left, or never heard of it."""
        last = self._journal.last(service.key)
        if last is None or (last.acknowledged and last.content == _NOTHING):
            return Proof()
        return Proof("NOT_ACKNOWLEDGED", f"{self._url} has not acknowledged that it left")

    def remove(self) -> None:
        """Tell the endpoint that each has left."""
        keys = list(self.observe())
        if keys:
            self._confirm(keys)
            self._send(self._journal.enqueue(dict.fromkeys(keys, _NOTHING), self._make))

    def replay(self, since: int) -> int:
        """Send the last message of each subscription again, in their order, from a number on, with the ids they had."""
        self._confirm([])
        messages = sorted((each for each in self._last() if each.number >= since), key=lambda each: each.number)
        for message in messages:
            self._send([message])
        return len(messages)

    def close(self) -> None:
        """Close connections and the journal."""
        self._sender.close()
        self._judge.close()
        self._journal.close()

    def _last(self) -> Sequence[Message]:
        return self._journal.messages()

    def _make(self, key: str, content: str, number: int) -> tuple[str, bytes]:
        name = f"msg_{self._journal.name}_{number}"
        return name, event(name, f"urn:uuid:{self._journal.name}", key, content, number)

    def _confirm(self, keys: Sequence[str]) -> None:
        """The endpoint proves that it is meant to be one, once for each address and set of secrets."""
        if self._journal.confirmed == self._proof:
            return
        challenge = random.token_urlsafe(32)
        name = f"msg_{random.token_hex(16)}"
        body = event(name, f"urn:uuid:{self._journal.name}", CHALLENGE, json.dumps({"challenge": challenge}), 0)
        try:
            answer = self._sender.ask(Message("", 0, name, body, "", acknowledged=False), self._judge(self._url))
        except AdapterError as error:
            raise AdapterError(error.reason, error.message, keys) from error
        if not _echoes(answer, challenge):
            words = f"{self._url} did not answer the challenge with itself; nothing is sent before it does"
            raise AdapterError("ENDPOINT_NOT_CONFIRMED", words, keys)
        self._journal.confirm(self._proof)

    def _send(self, messages: Sequence[Message]) -> None:
        """Several at once, and no more when the endpoint is away: the rest waits for the next try."""
        failures: list[AdapterError] = []
        batch = Batch(self._sender)
        with ThreadPoolExecutor(AT_ONCE, "webhook") as threads:
            for start in range(0, len(messages), SLICE):
                part = messages[start : start + SLICE]
                batch.where = self._judge(self._url)
                outcomes = list(threads.map(batch.send, part))
                self._journal.acknowledge([each for each, error in zip(part, outcomes, strict=True) if error is None])
                failures += [error for error in outcomes if error]
                if batch.away:
                    break
        self._raise(failures)

    def _raise(self, failures: Sequence[AdapterError | None]) -> None:
        """One error for all: of the endpoint as a whole before that of single messages."""
        found = [each for each in failures if each]
        if any(each.reason == "ENDPOINT_GONE" for each in found):
            self._journal.confirm("")
        for each in found:
            if not each.keys:
                raise each
        if found:
            keys = frozenset(key for each in found for key in each.keys)
            raise AdapterError(found[0].reason, found[0].message, keys)


def _echoes(answer: bytes, challenge: str) -> bool:
    try:
        content = json.loads(answer)
    except ValueError:
        return False
    return isinstance(content, dict) and content.get("challenge") == challenge
