"""Finding offerings: the engine's index gives candidates, own rules rank them, and so every engine answers alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, intersect, or_, select, union

from registry.api.v1.organisation_pb2 import OrganisationKind
from registry.domain.authority import EVERYTHING, Sight
from registry.domain.ranking import CAPABILITIES, PROVIDER, Fields, Term, ranked
from registry.store import Found, Search, rows
from registry.store.filters import MEMBERS, condition
from registry.store.kinds import KINDS
from registry.store.paging import place, token
from registry.store.sight import shown_to
from registry.store.texts import FIELDS, TEXTS, fields
from registry.store.vocabulary import Vocabulary, found_by

CANDIDATES = 1000  # that are ranked; of more, those with the words in their titles come first, then by name
RARE = 100  # texts
FACETS = 50  # of each field
OFFERINGS, ORGANISATIONS = KINDS["offering"].table, KINDS["organisation"].table
_KIND = "ORGANISATION_KIND_"


class _Ranked(NamedTuple):
    """Score and name in order, and what is known of each."""

    order: list[tuple[float, str]]
    providers: Mapping[str, str]
    members: Mapping[str, list[str]]


def found(connection: Connection, search: Search, sight: Sight = EVERYTHING) -> Found:
    """A page of the offerings that have all words of the text, or, where none has, some of them."""
    terms, corrected = Vocabulary(connection, _told(sight)).terms(search.text)
    result = _ranked(connection, terms, search, sight)
    order, facets = result.order, [] if search.page_token else _facets(connection, result)
    if search.page_token:
        score, last = place(search)
        order = [each for each in order if (-each[0], each[1]) > (-score, last)]
    shown = order[: search.page_size]
    documents = dict(rows.documents(connection, OFFERINGS, [name for _, name in shown]))
    following = token(search, list(shown[-1])) if len(order) > len(shown) else ""
    return Found([documents[name] for _, name in shown], [s for s, _ in shown], facets, corrected, following)


def _told(sight: Sight) -> ColumnElement[bool] | None:
    """The texts whose words may be proposed: a correction must not tell what a hidden offering is called."""
    if (shown := shown_to(sight, "offering")) is None:
        return None
    offerings = TEXTS.c.name.startswith("offerings/")
    return or_(~offerings, TEXTS.c.name.in_(select(OFFERINGS.c.name).where(shown)))


def _ranked(connection: Connection, terms: Sequence[Term], search: Search, sight: Sight) -> _Ranked:
    """Where some words are rare, they alone give candidates, and ranking looks for the others in these."""
    sets = [OFFERINGS.c.name.in_(_having(connection.dialect.name, term)) for term in terms]
    rare = [each for each, term in zip(sets, terms, strict=True) if _is_rare(connection, term)]
    if 0 < len(rare) < len(sets):
        result = _among(connection, and_(*rare), terms, search, sight, every=True)
        if result.order and len(result.providers) < CANDIDATES:
            return result
    result = _among(connection, and_(*sets), terms, search, sight, every=True)
    return (
        result if result.order or len(sets) == 1 else _among(connection, or_(*sets), terms, search, sight, every=False)
    )


def _is_rare(connection: Connection, term: Term) -> bool:
    hits = select(TEXTS.c.name).where(found_by(connection.dialect.name, term)).limit(RARE + 1)
    return not term.parts and len(connection.execute(hits).all()) <= RARE


def _among(
    connection: Connection,
    wanted: ColumnElement[bool],
    terms: Sequence[Term],
    search: Search,
    sight: Sight,
    *,
    every: bool,
) -> _Ranked:
    candidates = {row.name: row.provider for row in connection.execute(_statement(wanted, terms, search, sight))}
    members = _members(connection, candidates)
    return _Ranked(ranked(terms, _fields(connection, candidates, members), every=every), candidates, members)


def _statement(wanted: ColumnElement[bool], terms: Sequence[Term], search: Search, sight: Sight) -> Select[Any]:
    statement = select(OFFERINGS.c.name, OFFERINGS.c.provider).where(wanted)
    if search.filter is not None:
        statement = statement.where(condition(KINDS["offering"], search.filter))
    if (shown := shown_to(sight, "offering")) is not None:
        statement = statement.where(shown)
    titled = [case((OFFERINGS.c.title.contains(term.asked, autoescape=True), 1), else_=0) for term in terms]
    return statement.order_by(sum(titled[1:], titled[0]).desc(), OFFERINGS.c.name).limit(CANDIDATES)


def _having(dialect: str, term: Term) -> Any:
    """The names of the offerings that a word finds: by themselves, their capabilities or their provider."""
    found = select(TEXTS.c.name).where(found_by(dialect, term)).cte()  # read once, though it is asked three times
    hits = select(found.c.name)
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
    connection: Connection, providers: Mapping[str, str], members: Mapping[str, list[str]]
) -> dict[str, Fields]:
    """The words of each candidate by field, those of its capabilities and its provider among them."""
    others = {name for several in members.values() for name in several} | set(providers.values())
    titles = {name: words.split() for name, words in _words(connection, sorted(others))}
    return {
        name: {
            **dict(zip(FIELDS, fields(words), strict=True)),
            CAPABILITIES: [word for each in members.get(name, ()) for word in titles.get(each, ())],
            PROVIDER: titles.get(providers[name], []),
        }
        for name, words in _words(connection, sorted(providers))
    }


def _words(connection: Connection, names: Sequence[str]) -> Iterable[Any]:
    for part in rows.parts(names, CANDIDATES):
        yield from connection.execute(select(TEXTS.c.name, TEXTS.c.words).where(TEXTS.c.name.in_(part)))


def _facets(connection: Connection, found: _Ranked) -> list[tuple[str, str, int]]:
    names = [name for _, name in found.order]
    capabilities = Counter(capability for name in names for capability in found.members.get(name, ()))
    providers = Counter(found.providers[name] for name in names)
    kinds: Counter[str] = Counter()
    for part in rows.parts(sorted(providers), CANDIDATES):
        query = select(ORGANISATIONS.c.name, ORGANISATIONS.c.kind).where(ORGANISATIONS.c.name.in_(part))
        for row in connection.execute(query):
            kinds[OrganisationKind.Name(row.kind).removeprefix(_KIND)] += providers[row.name]
    return [*_largest("capability", capabilities), *_largest("provider_kind", kinds)]


def _largest(field: str, counts: Counter[str]) -> list[tuple[str, str, int]]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(field, value, count) for value, count in ordered[:FACETS]]
