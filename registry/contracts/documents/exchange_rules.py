"""Rules for what surrounds schemas: operations, parameters, bodies, responses, security; channels and messages.

The sources name the section in which the thing that changed gets its meaning. HTTP is RFC 9110, versions are
semver.org 2.0.0.
"""

_ = "OpenAPI 3.1.0, 4.8."
_A = "AsyncAPI 3.0.0, "
# Id, whether it breaks (None: nobody can say), source, sentence.
EXCHANGES: tuple[tuple[str, bool | None, str, str], ...] = (
    ("path-removed", True, f"{_}8", "A path is gone."),
    ("path-added", False, f"{_}8", "A path is added."),
    ("operation-removed", True, f"{_}9", "An operation is gone."),
    ("operation-added", False, f"{_}9", "An operation is added."),
    (
        "operation-deprecated",
        False,
        f"{_}10; semver.org 2.0.0, 7",
        "The operation is deprecated: it works, and will go.",
    ),
    (
        "operation-id-changed",
        False,
        f"{_}10",
        "operationId is another one. What is sent is the same, but clients that are generated again get another name.",
    ),
    ("webhook-removed", True, f"{_}1", "What callers were called with is gone."),
    ("webhook-added", False, f"{_}1", "Callers can be called with something new if they ask for it."),
    ("parameter-removed", True, f"{_}12", "A parameter is gone. Whoever sends it is not served any more."),
    ("parameter-added", False, f"{_}12", "A parameter that may be left out is added."),
    ("required-parameter-added", True, f"{_}12", "A parameter that must be sent is added."),
    ("parameter-became-required", True, f"{_}12", "A parameter must be sent now."),
    ("parameter-became-optional", False, f"{_}12", "A parameter can be left out now."),
    ("parameter-serialisation-changed", True, f"{_}12", "A parameter is written in another way."),
    ("parameter-deprecated", False, f"{_}12", "A parameter is deprecated: it works, and will go."),
    ("request-body-removed", True, f"{_}13", "A body is not taken any more."),
    ("request-body-added", False, f"{_}13", "A body that may be left out is added."),
    ("required-request-body-added", True, f"{_}13", "A body that must be sent is added."),
    ("request-body-became-required", True, f"{_}13", "A body must be sent now."),
    ("request-body-became-optional", False, f"{_}13", "A body can be left out now."),
    ("request-media-type-removed", True, f"{_}13; RFC 9110, 15.5.16", "A media type is not taken any more."),
    ("request-media-type-added", False, f"{_}13", "A further media type is taken."),
    ("response-media-type-removed", True, f"{_}17; RFC 9110, 15.5.7", "A media type is not sent any more."),
    ("response-media-type-added", False, f"{_}17; RFC 9110, 12.5.1", "A further media type is sent to who accepts it."),
    (
        "encoding-undecided",
        None,
        f"{_}15",
        "How parts of a body are written has changed; what that means is not worked out.",
    ),
    ("success-response-removed", True, f"{_}16", "A response that means success is gone."),
    (
        "success-response-added",
        True,
        f"{_}16; RFC 9110, 15.3",
        "Success can be told by a status that was not described, and callers can take it wrongly.",
    ),
    ("response-removed", False, f"{_}16", "A response other than success is gone."),
    (
        "response-added",
        False,
        f"{_}16; RFC 9110, 15",
        "A response is added. Callers must understand a status that they do not know by its class.",
    ),
    (
        "response-header-removed",
        True,
        f"{_}21",
        "A header of a response is gone. Who reads it is not served any more.",
    ),
    ("response-header-added", False, f"{_}21; RFC 9110, 5.1", "A header of a response is added."),
    ("response-header-became-optional", True, f"{_}21", "A header of a response can be missing now."),
    ("response-header-became-required", False, f"{_}21", "A header of a response is always there now."),
    ("security-demanded", True, f"{_}30", "A way to prove who calls is not enough any more."),
    ("security-relaxed", False, f"{_}30", "A further way to prove who calls is enough."),
    ("channel-removed", True, f"{_A}Channels Object", "A channel is gone, or its address is another one."),
    ("channel-added", False, f"{_A}Channels Object", "A channel is added."),
    (
        "channel-operation-removed",
        True,
        f"{_A}Operation Object",
        "What could be done on a channel cannot be done any more.",
    ),
    ("channel-operation-added", False, f"{_A}Operation Object", "More can be done on a channel."),
    ("sent-message-removed", True, f"{_A}Operation Object", "A message is not taken any more."),
    ("sent-message-added", False, f"{_A}Operation Object", "A further message is taken."),
    ("received-message-removed", True, f"{_A}Operation Object", "A message does not come any more."),
    (
        "received-message-added",
        True,
        f"{_A}Operation Object",
        "A message of another kind can come. Receivers who keep to the older contract do not know it.",
    ),
    ("message-content-type-changed", True, f"{_A}Message Object", "The content type of a message is another one."),
    (
        "message-form-undecided",
        None,
        f"{_A}Multi Format Schema Object",
        "The payload is described in a form that is not compared here, and the description has changed.",
    ),
    (
        "traits-undecided",
        None,
        f"{_A}Traits Merge Mechanism",
        "Traits, correlation or security have changed; what that means is not worked out.",
    ),
    (
        "bindings-undecided",
        None,
        f"{_A}Channel Bindings Object",
        "What binds it to a protocol has changed; what that means is not worked out.",
    ),
)
