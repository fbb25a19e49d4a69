"""The application: this process's part in a simulation, from its first tick to its last.

Owns the loop and what an app can ask about the world; entities are a transaction's matter.
"""

import asyncio
from typing import (
    AsyncIterator,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

from . import errors
from .errors import ErrorCode, HeddleError, ShuttingDown
from .kinds import DomainType, Limit
from .native import _native
from .transaction import Entity, Transaction


#: How heddle.h writes a tick rate without a limit.
_UNLIMITED = -1.0

#: A wait in an event loop that is cancelled ends after this time at the latest.
_WAIT_MS = 500


class Bounds(NamedTuple):
    """A rectangle in world units. A cell owns its lower edges; the last of an axis both."""

    min_x: float
    min_y: float
    max_x: float
    max_y: float

    def grown(self, margin: float) -> "Bounds":
        """Returns the rectangle with a margin on each side, as subscriptions need it."""
        return Bounds(
            self.min_x - margin, self.min_y - margin, self.max_x + margin, self.max_y + margin
        )


class Partition(NamedTuple):
    """What one app owns."""

    #: Its number, which is its endpoint for messages, too.
    id: int
    #: Name of its domain.
    domain: str
    domain_type: DomainType
    app_name: str
    #: Its cell, in world units. None for service and custom apps.
    bounds: Optional[Bounds]
    #: The number of its domain.
    domain_index: int


class Metrics(NamedTuple):
    """Two gauges, and counters since the last reset."""

    total_committed_ticks: int
    active_entity: int
    ticks_since_reset: int
    load_field: int
    store_field: int
    created_entity: int
    deleted_entity: int
    entered_entity: int
    exited_entity: int
    rejected_incoming_transfer: int
    rejected_outgoing_transfer: int


class Application(_native.Application):
    """This process's part in its simulation. Made by `create_application`.

    As a context manager it destroys itself at the end of the block, unless an error leaves the
    block: then the process has failed, and Heddle starts the app again.
    """

    @property
    def current_tick(self) -> int:
        """The open tick, or the last committed one."""
        return self._current_tick

    @property
    def attempt(self) -> int:
        """1, as a rule; more where earlier processes of this app failed in the next tick."""
        return self._attempt

    @property
    def last_error_message(self) -> str:
        """The text of the last error that a call of this process raised; empty if none was."""
        return errors.last_message

    def assigned_partition(self) -> Partition:
        """Returns the partition that this app owns."""
        return _partition(self._assigned_partition())

    def all_partitions(self) -> List[Partition]:
        """Returns the partitions of all apps of all domains."""
        return [_partition(described) for described in self._all_partitions()]

    def ingress_port(self, declared: int) -> int:
        """Returns the port to listen on for a port that the schema declares.

        Raises NotFound where the schema does not declare it for this app's domain.
        """
        return self._ingress_port(declared)

    def runtime_limit(self, limit: Limit) -> int:
        """Returns a limit, in entities."""
        return self._runtime_limit(limit)

    def runtime_metrics(self) -> Metrics:
        """Returns the app's gauges and counters as they are now."""
        return Metrics(*self._runtime_metrics())

    def reset_runtime_metrics(self) -> None:
        """Sets the counters to 0."""
        self._reset_runtime_metrics()

    def begin_update_will_block(self) -> bool:
        """Returns whether `begin_update` would wait now.

        Where it would, this call has slept for a millisecond, or until the tick began: programs may
        call it in a loop.
        """
        return self._begin_update_will_block()

    def begin_update(self) -> Transaction:
        """Waits for the next tick and opens it; other threads of the process run meanwhile.

        The transaction is a context manager, which commits at the end of its block. Raises
        ShuttingDown where there is no further tick, NotConnected where the worker is gone,
        InvalidState where an update is open.
        """
        return self._begin_update()

    async def begin_update_async(self) -> Transaction:
        """Does the same in an event loop, which goes on meanwhile. It can be cancelled."""
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, self._wait_a_while, _WAIT_MS):
            pass
        return self.begin_update()

    def updates(self) -> "Updates":
        """Returns the ticks, one transaction each, for a `for` or an `async for`.

        The loop commits at the end of the body, unless the body has. It ends when the simulation
        or this app shuts down, and has then destroyed the application.
        """
        return Updates(self)

    def destroy(self) -> None:
        """Says that this app is done, and drops an open update.

        A process that exits without it counts as failed. A second call does nothing.
        """
        self._destroy()

    def __enter__(self) -> "Application":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: object
    ) -> bool:
        is_over = isinstance(error, HeddleError) and error.code == ErrorCode.ShuttingDown
        if error is None or is_over:
            self.destroy()
        return is_over


class Updates:
    """The ticks of an application. Each round of a loop is one tick."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __iter__(self) -> Iterator[Transaction]:
        while True:
            try:
                transaction = self._application.begin_update()
            except ShuttingDown:
                self._application.destroy()
                return
            yield transaction
            if transaction.is_open:
                transaction.commit()

    async def __aiter__(self) -> AsyncIterator[Transaction]:
        while True:
            try:
                transaction = await self._application.begin_update_async()
            except ShuttingDown:
                self._application.destroy()
                return
            yield transaction
            if transaction.is_open:
                transaction.commit()


def create_application() -> Application:
    """Attaches to the simulation that started this process. Call it once, and early.

    The simulation is STARTED when all of its apps have attached. Raises NotConnected where no
    worker started this process, InvalidState on a second call.
    """
    return attach(Entity)


def create_standalone_application(
    seconds: float,
    tick_rate: Union[float, str] = 30,
    bounds: Sequence[float] = (-1000, -1000, 1000, 1000),
    domain: str = "Standalone",
    entities_per_partition: int = 8192,
) -> Application:
    """Runs an app alone in this process, for tests: without a worker, and without other apps.

    seconds: simulated time, after which the loop ends. tick_rate: ticks a second, or "unlimited",
    which does not wait and counts 30 ticks as a second. bounds: min_x, min_y, max_x and max_y of
    the world, all of which the app owns. domain: its name. entities_per_partition: the limit of
    entities. A process may have many. Raises InvalidArgument for a number that makes no sense.
    """
    return stand_alone(Entity, seconds, tick_rate, bounds, domain, entities_per_partition)


def stand_alone(
    entity_class: Type[Entity],
    seconds: float,
    tick_rate: Union[float, str],
    bounds: Sequence[float],
    domain: str,
    entities_per_partition: int,
) -> Application:
    """Creates a standalone application whose entities are of a subclass of Entity."""
    rate = _UNLIMITED if tick_rate == "unlimited" else float(tick_rate)
    alone = (seconds, rate, tuple(bounds), domain, entities_per_partition)
    return Application(Transaction, entity_class, alone)


def attach(entity_class: Type[Entity]) -> Application:
    """Creates an application whose entities are of a subclass of Entity."""
    return Application(Transaction, entity_class)


def _partition(described: Tuple) -> Partition:
    number, domain_index, domain_type, bounds, domain, app_name = described
    cell = None if bounds is None else Bounds(*bounds)
    return Partition(number, domain, DomainType(domain_type), app_name, cell, domain_index)
