"""The command `gemensam`: thin commands over the registry's services and its store."""

import sys

import typer

from registry.cli import (
    access,
    applying,
    changes,
    contracting,
    credentials,
    demo,
    evidence,
    exporting,
    failure,
    impact,
    importing,
    joining,
    pruning,
    reading,
    relaying,
    rollout,
    schemas,
    searching,
    serving,
    signing,
    storing,
    tracing,
    verdict,
)

app = typer.Typer(
    name="gemensam",
    help="A registry where public bodies declare digital services, and others' systems onboard them by themselves.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
ledger = typer.Typer(help="The ledger: every change, in order, hash-chained.", no_args_is_help=True)
relay = typer.Typer(
    help="The ledger on Kafka: announce it, see how far that is, help what is stuck.", no_args_is_help=True
)
imports = typer.Typer(help="Bring data in.", no_args_is_help=True)
rollouts = typer.Typer(help="Releases on their way: who has them, who has not, and why.", no_args_is_help=True)
contracts = typer.Typer(help="Contracts: build one, ask a server for its own, compare two.", no_args_is_help=True)
grants = typer.Typer(help="Who may act for an organisation; `gemensam list grants` shows them.", no_args_is_help=True)
keys = typer.Typer(help="API keys; `gemensam list keys` shows them, without what opens the door.", no_args_is_help=True)
principals = typer.Typer(help="Who calls: yourself, and those who were refused.", no_args_is_help=True)
app.add_typer(grants, name="grants")
app.add_typer(keys, name="keys")
app.add_typer(principals, name="principals")
app.add_typer(contracts, name="contract")
app.add_typer(ledger, name="ledger")
app.add_typer(imports, name="import")
app.add_typer(relay, name="relay")
app.add_typer(rollouts, name="rollout")

app.callback()(credentials.take)
app.command()(serving.serve)
app.command()(storing.migrate)
app.command(cls=verdict.Telling)(applying.apply)
app.command(cls=verdict.Telling)(applying.diff)
app.command(cls=verdict.Telling)(applying.validate)
app.command(cls=verdict.Telling)(pruning.prune)
app.command()(schemas.schema)
app.command()(signing.keygen)
app.command()(signing.sign)
app.command(cls=verdict.Telling)(impact.impact)
app.command()(reading.get)
app.command(name="list")(reading.list_)
app.command()(searching.search)
app.command()(changes.watch)
app.command()(tracing.trace)
app.command()(exporting.export)
app.command()(joining.join)
app.command()(storing.backup)
app.command()(storing.restore)
app.command()(demo.demo)
app.command()(serving.version)
ledger.command()(storing.verify)
ledger.command()(changes.tail)
ledger.command()(evidence.checkpoint)
ledger.command()(evidence.compare)
ledger.command()(evidence.prove)
ledger.command()(evidence.key)
imports.command()(importing.organisations)
rollouts.command()(rollout.status)
grants.command(name="give")(access.grant)
grants.command()(access.approve)
grants.command()(access.revoke)
keys.command()(access.create)
keys.command(name="revoke")(access.revoke_key)
principals.command()(access.me)
principals.command()(access.refusals)
contracts.command()(contracting.build)
contracts.command()(contracting.reflect)
contracts.command()(contracting.compare)
for command in (relaying.run, relaying.status, relaying.park, relaying.unpark, relaying.rebuild, relaying.topics):
    relay.command()(command)


def main() -> None:
    """Run the command.

    Exit codes: 0 well, 1 refused or failed, 2 wrong usage, 4 not yet, 5 nothing answers.
    Of a command that tells what would change (verdict.py): 0 nothing, 2 something, 3 what breaks users, 1 any error.
    """
    try:
        app(prog_name="gemensam")
    except Exception as error:
        known = failure.of(error)
        if known is None:
            raise
        failure.show(known, as_json="--json" in sys.argv)
        sys.exit(known.exit_code)
