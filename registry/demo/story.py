"""The demo as a story in six steps, told on the terminal; what a user would type is what runs."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from registry.api.v1.offering_pb2 import Offering
from registry.demo import backing, calls, cast, tables
from registry.demo.backing import Backing
from registry.demo.journeys import Journey
from registry.demo.processes import DemoFailed, Processes, answers, free_port, program
from registry.demo.provider import localise, provider
from registry.demo.registry import Registry, connected

WAIT_SECONDS, REFRESH_SECONDS = 60.0, 0.1


class Story:
    """One telling, on a console, in a folder.

    `once`: it ends by itself. `kafka`: a broker's address, empty for one of the story's own; None: without Kafka.
    """

    def __init__(
        self, console: Console, folder: Path, processes: Processes, *, once: bool, kafka: str | None = None
    ) -> None:
        self._console, self._folder, self._processes = console, folder, processes
        self._once, self._kafka, self._backing = once, kafka, Backing()
        self._grpc_port = free_port()
        self._address, self._web = f"127.0.0.1:{self._grpc_port}", f"127.0.0.1:{free_port()}"
        self._receivers = cast.receivers()
        self._said = 0
        self.told = False

    async def tell(self) -> None:
        """All of it; with `once` it ends by itself. Errors: DemoFailed."""
        with provider() as port:
            await self._open(port)
            async with connected(self._address) as registry:
                offerings, expected = await self._declare(registry, port)
                await self._renew(registry, offerings, expected, port)
                await self._retire(registry)
                await self._verify(registry)
                self.told = True
                if not self._once:
                    await self._stay()

    async def _open(self, port: int) -> None:
        if self._kafka is None:
            self._say("The registry starts: one process, SQLite, no Kafka.")
        else:
            self._say("The registry starts on PostgreSQL, and announces on Kafka; the bodies follow by Kafka.")
            self._backing = await backing.start(self._folder, self._processes, bootstrap=self._kafka)
            self._console.print(f"   Kafka at {self._backing.bootstrap}")
        command = ["serve", "--data", str(self._folder / "registry"), "--grpc-address", self._address]
        serve = [program("gemensam"), *command, "--web-address", self._web]
        await self._processes.start("registry", serve, self._backing.environment)
        await answers(f"http://{self._web}/health/ready", self._processes)
        self._say("It takes in the real public bodies.")
        await self._type("import", "organisations")
        self._say("Three bodies open their gateways and leave standing orders; the smallest one acts through its host.")
        await self._type("apply", str(cast.RECEIVERS))
        ports = [port, self._grpc_port]
        openings = (
            cast.open_gateway(each, self._folder, self._address, ports, self._processes, kafka=self._backing.bootstrap)
            for each in self._receivers
        )
        await asyncio.gather(*openings)
        for each in self._receivers:
            self._console.print(f"   {each.title}: Envoy at {each.url}")

    async def _declare(self, registry: Registry, port: int) -> tuple[list[Offering], Mapping[str, set[str]]]:
        self._say("Providers declare their services; nobody at the receiving bodies does anything.")
        await self._type("apply", str(localise(cast.OFFERINGS, self._folder / "offerings", port, self._grpc_port)))
        offerings = await registry.offerings()
        expected = {each.name: await registry.eligible(self._receivers, each.name) for each in offerings}
        if not expected.get(cast.RENEWED):
            raise DemoFailed(f"none of the bodies is eligible for {cast.RENEWED}")
        releases = {each.name: (await registry.releases(each.name))[0].name for each in offerings}
        count = sum(map(len, expected.values()))

        def proven() -> bool:
            return all(expected[name] <= _arrived(registry.journeys.to(release)) for name, release in releases.items())

        await self._show(registry, lambda: tables.rollout(registry.journeys, offerings, releases, count), proven)
        await self._call(registry, releases.values(), 200)
        return offerings, expected

    async def _renew(
        self, registry: Registry, offerings: Sequence[Offering], expected: Mapping[str, set[str]], port: int
    ) -> None:
        title = next(each.title.sv for each in offerings if each.name == cast.RENEWED)
        self._say(f"A new release of {title}: every gateway moves over, and no request is lost on the way.")
        old = (await registry.releases(cast.RENEWED))[-1]
        async with calls.meanwhile(self._receivers, old, registry.journeys.to(old.name)) as tally:
            await self._type("apply", str(localise(cast.NEXT, self._folder / "next", port, self._grpc_port)))
            new = (await registry.releases(cast.RENEWED))[-1].name

            def proven() -> bool:
                return expected[cast.RENEWED] <= _arrived(registry.journeys.to(new))

            await self._show(registry, lambda: tables.ways(new, registry.journeys.to(new)), proven)
        self._console.print(f"   {tally.made} calls meanwhile, {tally.failed} failed.")
        if tally.failed or not tally.made:
            raise DemoFailed("requests were lost while the gateways moved over")
        await self._call(registry, [new], 200)

    async def _retire(self, registry: Registry) -> None:
        self._say("The provider retires it: it leaves every gateway, and calls are refused.")
        last = (await registry.releases(cast.RENEWED))[-1].name
        wanted = len(registry.journeys.to(last))
        await registry.retire(cast.RENEWED)

        def gone() -> bool:
            return sum("removed" in each.times for each in registry.journeys.from_(cast.RENEWED)) == wanted

        await self._show(registry, lambda: tables.leaving(cast.RENEWED, registry.journeys.from_(cast.RENEWED)), gone)
        await self._call(registry, [last], 404)

    async def _verify(self, registry: Registry) -> None:
        self._say("The ledger's chain is recomputed: nothing was altered, removed or inserted.")
        store = [] if self._backing.database_url else ["--data", str(self._folder / "registry")]
        await self._type("ledger", "verify", *store)
        if self._backing.bootstrap:
            await self._type("relay", "status")
        millis = sorted(each.millis("proven") or 0.0 for each in registry.journeys.proven())
        middle, last = millis[len(millis) // 2], millis[-1]
        self._console.print(
            f"   {len(millis)} onboardings, published to proven: p50 {middle:.0f} ms, slowest {last:.0f} ms."
        )

    async def _stay(self) -> None:
        self._say("All of it keeps running until Ctrl-C. Try, in another terminal:")
        self._console.print(f"   export GEMENSAM_GRPC_ADDRESS={self._address}", soft_wrap=True)
        for command in ("list offerings", "watch", "ledger tail"):
            self._console.print(f"   {program('gemensam')} {command}", soft_wrap=True)
        await asyncio.Event().wait()

    async def _type(self, *words: str) -> None:
        shown = " ".join(word.replace(str(self._folder), "...") for word in words)
        self._console.print(f"   [bold]$ gemensam {shown}[/bold]", soft_wrap=True)
        settings = {"GEMENSAM_GRPC_ADDRESS": self._address, **self._backing.environment}
        code = await self._processes.run([program("gemensam"), *words], settings)
        if code:
            raise DemoFailed(f"`gemensam {shown}` ended with {code}")

    async def _show(self, registry: Registry, table: Callable[[], Table], done: Callable[[], bool]) -> None:
        """Draw the table until it is done. Errors: DemoFailed with who is late and why."""
        with Live(table(), console=self._console, auto_refresh=False) as live:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    while not done():
                        self._processes.check()
                        registry.moved.clear()
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(REFRESH_SECONDS):
                                await registry.moved.wait()
                        if self._console.is_terminal:
                            live.update(table(), refresh=True)
            except TimeoutError:
                raise DemoFailed(await self._late(registry)) from None
            finally:
                live.update(table(), refresh=True)
        self._console.print()

    async def _late(self, registry: Registry) -> str:
        lines = [f"not everything converged within {WAIT_SECONDS:.0f} s:"]
        for offering in await registry.offerings():
            late = (await registry.convergence(offering.name)).laggards
            lines += [f"  {each.subscription}: {each.convergence.last_error.reason or 'no report'}" for each in late]
        return "\n".join(lines)

    async def _call(self, registry: Registry, releases: Iterable[str], status: int) -> None:
        count = 0
        for name in releases:
            release = await registry.release(name)
            count += await calls.expect(self._receivers, release, registry.journeys.to(name), status)
        self._console.print(f"   {count} calls through the gateways: all answered {status}.")

    def _say(self, text: str) -> None:
        self._said += 1
        self._console.print(f"\n[bold cyan]{self._said}.[/bold cyan] {text}", highlight=False)


def _arrived(journeys: Sequence[Journey]) -> set[str]:
    return {"/".join(each.subscription.split("/")[:2]) for each in journeys if "proven" in each.times}


@contextlib.asynccontextmanager
async def stage(keep: Path | None) -> AsyncIterator[tuple[Path, Processes]]:
    """A folder and its processes; both are gone afterwards, but for a folder to keep."""
    with contextlib.ExitStack() as held:
        folder = keep or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="gemensam-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        processes = Processes(folder)
        try:
            yield folder, processes
        finally:
            await processes.stop()
