"""Finding offerings: the engine's index gives candidates, own rules rank them, and so every engine answers alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, intersect, or_, select, union

from registry.api.v1.organisation_pb2 import OrganisationKind
from registry.domain.ranking import CAPABILITIES, PROVIDER, Fields, Term, ranked
from registry.store import Found, Search, rows
from registry.store.filters import MEMBERS, condition
from registry.store.kinds import KINDS
from registry.store.paging import place, token
from registry.store.texts import FIELDS, TEXTS, fields
from registry.store.vocabulary import Vocabulary, found_by

CANDIDATES = 1000  # that are ranked; of more, those with the words in their titles come first, then by name
FACETS = 50  # of each field
OFFERINGS, ORGANISATIONS = KINDS["offering"].table, KINDS["organisation"].table
_KIND = "ORGANISATION_KIND_"


def found(connection: Connection, search: Search) -> Found:
    """A page of the offerings that have all words of the text, or, where none has, some of them."""
    terms, corrected = Vocabulary(connection).terms(search.text)
    candidates = _candidates(connection, terms, search)
    members = _members(connection, candidates)
    order = ranked(terms, _fields(connection, candidates, members))
    names = [name for _, name in order]
    facets = [] if search.page_token else _facets(connection, [candidates[name] for name in names], members, names)
    if search.page_token:
        score, last = place(search)
        order = [each for each in order if (-each[0], each[1]) > (-score, last)]
    shown = order[: search.page_size]
    documents = dict(rows.documents(connection, OFFERINGS, [name for _, name in shown]))
    following = token(search, list(shown[-1])) if len(order) > len(shown) else ""
    return Found([documents[name] for _, name in shown], [s for s, _ in shown], facets, corrected, following)


def _candidates(connection: Connection, terms: Sequence[Term], search: Search) -> dict[str, Any]:
    dialect = connection.dialect.name
    sets = [OFFERINGS.c.name.in_(_having(dialect, term)) for term in terms]
    for together in (and_, or_)[: len(sets)]:
        found = connection.execute(_statement(together(*sets), terms, search)).all()
        if found:
            return {row.name: row for row in found}
    return {}


def _statement(wanted: ColumnElement[bool], terms: Sequence[Term], search: Search) -> Select[Any]:
    statement = select(OFFERINGS.c.name, OFFERINGS.c.provider, TEXTS.c.words)
    statement = statement.join(TEXTS, TEXTS.c.name == OFFERINGS.c.name).where(wanted)
    if search.filter is not None:
        statement = statement.where(condition(KINDS["offering"], search.filter))
    titled = [case((OFFERINGS.c.title.contains(term.asked, autoescape=True), 1), else_=0) for term in terms]
    return statement.order_by(sum(titled[1:], titled[0]).desc(), OFFERINGS.c.name).limit(CANDIDATES)


def _having(dialect: str, term: Term) -> Any:
    """The names of the offerings that a word finds: by themselves, their capabilities or their provider."""
    hits = select(TEXTS.c.name).where(found_by(dialect, term))
    names = union(
        hits,
        select(MEMBERS.c.offering).where(MEMBERS.c.capability.in_(hits)),
        select(OFFERINGS.c.name).where(OFFERINGS.c.provider.in_(hits)),
    )
    if not term.parts:
        return names
    together = intersect(*(select(_having(dialect, part).subquery()) for part in term.parts))
    return union(select(names.subquery()), select(together.subquery()))


def _members(connection: Connection, candidates: Iterable[str]) -> dict[str, list[str]]:
    members = defaultdict(list)
    for part in rows.parts(sorted(candidates), CANDIDATES):
        query = select(MEMBERS).where(MEMBERS.c.offering.in_(part)).order_by(MEMBERS.c.capability)
        for row in connection.execute(query):
            members[row.offering].append(row.capability)
    return members


def _fields(
    connection: Connection, candidates: Mapping[str, Any], members: Mapping[str, list[str]]
) -> dict[str, Fields]:
    """The words of each candidate by field, those of its capabilities and its provider among them."""
    others = {name for several in members.values() for name in several} | {row.provider for row in candidates.values()}
    titles = {name: words.split() for name, words in _words(connection, sorted(others))}
    return {
        name: {
            **dict(zip(FIELDS, fields(row.words), strict=True)),
            CAPABILITIES: [word for each in members.get(name, ()) for word in titles.get(each, ())],
            PROVIDER: titles.get(row.provider, []),
        }
        for name, row in candidates.items()
    }


def _words(connection: Connection, names: Sequence[str]) -> Iterable[Any]:
    for part in rows.parts(names, CANDIDATES):
        yield from connection.execute(select(TEXTS.c.name, TEXTS.c.words).where(TEXTS.c.name.in_(part)))


def _facets(
    connection: Connection, found: Sequence[Any], members: Mapping[str, list[str]], names: Sequence[str]
) -> list[tuple[str, str, int]]:
    capabilities = Counter(capability for name in names for capability in members.get(name, ()))
    providers = Counter(row.provider for row in found)
    kinds: Counter[str] = Counter()
    for part in rows.parts(sorted(providers), CANDIDATES):
        query = select(ORGANISATIONS.c.name, ORGANISATIONS.c.kind).where(ORGANISATIONS.c.name.in_(part))
        for row in connection.execute(query):
            kinds[OrganisationKind.Name(row.kind).removeprefix(_KIND)] += providers[row.name]
    return [*_largest("capability", capabilities), *_largest("provider_kind", kinds)]


def _largest(field: str, counts: Counter[str]) -> list[tuple[str, str, int]]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(field, value, count) for value, count in ordered[:FACETS]]
