"""The values that calls of the service's face take and give, under their C++ names.

Owns numbers with a name, enumerations, shapes in the plane and lists; makes no call.
"""

from dataclasses import dataclass, field
from typing import Generic, Iterator, List, Optional, Sequence, TypeVar, Union

import heddle
from heddle.kinds import Named

Item = TypeVar("Item")


class Number(int):
    """A whole number with a name of its own. It is an int, and `value` is its plain number."""

    __slots__ = ()

    @property
    def value(self) -> int:
        return int(self)

    def __repr__(self) -> str:
        return "%s { value: %d }" % (type(self).__name__, self)

    __str__ = __repr__


class EntityId(Number):
    """Unique in the simulation, for ever."""


class TypeId(Number):
    """A kind of entity, from 512 on, or of the data of a field. 0 to 511 are built in."""


class FieldIndex(Number):
    """The place of a data field, from 1 to 63. 0 is the index key's."""


class DomainId(Number):
    """A domain. One without a number is of no domain."""

    def __new__(cls, value: int = 0xFFFFFFFF) -> "DomainId":
        return super().__new__(cls, value)


class PartitionId(Number):
    """A partition."""


class SubscriptionHandle(Number):
    """A box that this app is subscribed to."""


class Tick(Number):
    """The number of a tick. Ticks count from 1."""


class Limit(Number):
    """A limit, in entities."""


class BuiltinTypeId(Named):
    """Types of data that the SDK itself knows."""

    #: Three 32-bit floats: the type of the index key.
    Vector3F32 = 1
    #: Bytes of any length.
    Dynamic = 2
    Bool = 3


DomainType = Named("DomainType", [("Spatial", 0), ("Service", 1), ("Custom", 2)])
DomainType.__doc__ = "How the apps of a domain are launched."

#: `None` is a keyword of Python, so that its member is written `ChangeListAction.None_`.
ChangeListAction = Named(
    "ChangeListAction",
    [("None_", 0), ("None", 0), ("Remove", 1), ("Add", 2), ("Update", 3), ("Reject", 4)],
)
ChangeListAction.__doc__ = "What happened to an entity."

LimitType = Named(
    "LimitType",
    [
        ("Unset", 0),
        ("EntitiesPerPartition", 1),
        ("RemoteEntityTransfers", 2),
        ("LocalEntityTransfers", 3),
    ],
)
LimitType.__doc__ = "What `runtime_limit` can be asked for."


class MessageDeliveryType(Named):
    """How a message is delivered. Heddle delivers each message once, in the next tick."""

    BestEffort = 0


class MessageEndpointType(Named):
    """What a message is sent to."""

    Partition = 0


class _Numbers:
    """What has numbers by name, and is a sequence of them, too."""

    __slots__ = ()

    def __iter__(self) -> Iterator[float]:
        return iter([getattr(self, name) for name in self.__dataclass_fields__])

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)

    def __getitem__(self, place: int) -> float:
        return list(self)[place]


@dataclass
class Vector2F32(_Numbers):
    """A place in the plane, in world units."""

    x: float = 0.0
    y: float = 0.0


class Vector2F64(Vector2F32):
    """The same in 64 bits. Heddle keeps 32."""


@dataclass
class Vector3F32(_Numbers):
    """A position, in world units."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass
class BoundingBox2F32:
    """A rectangle in world units, from `min` to `max`. Edges are inside."""

    min: Union[Vector2F32, Sequence[float]] = field(default_factory=Vector2F32)
    max: Union[Vector2F32, Sequence[float]] = field(default_factory=Vector2F32)

    def __post_init__(self) -> None:
        for name in ("min", "max"):
            corner = getattr(self, name)
            if not isinstance(corner, Vector2F32):
                setattr(self, name, Vector2F32(*corner))


class BoundingBox2F64(BoundingBox2F32):
    """The same in 64 bits. Heddle keeps 32."""


@dataclass
class Partition:
    """What an app owns."""

    id: PartitionId
    domain_id: DomainId
    domain_type: DomainType
    domain_name: str
    app_name: str
    #: Its cell; None where its domain has no area.
    bounds: Optional[BoundingBox2F32]


class _List(Generic[Item]):
    """A list that is a member of an object, which can be iterated over itself, too."""

    def __init__(self, items: List[Item]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: int) -> Item:
        return self._items[place]


class PartitionSet(_List[Partition]):
    """Partitions; a list as `partitions`."""

    @property
    def partitions(self) -> List[Partition]:
        return self._items


class EntityDescriptor:
    """What identifies an entity: its `id`."""

    __slots__ = ("id",)

    def __init__(self, number: int) -> None:
        self.id = EntityId(number)


class Entity(heddle.Entity):
    """A handle of an entity: `entity.descriptor.id` is its id. Keep it as long as you like."""

    __slots__ = ()

    @property
    def descriptor(self) -> EntityDescriptor:
        return EntityDescriptor(self.id)


@dataclass
class OwnershipChange:
    """An entity that this app has got, has lost, or could not hand over."""

    entity: Entity
    action: ChangeListAction


@dataclass
class SubscriptionEvent:
    """An entity that is new in a box, was written in it, or has left it."""

    entity: Entity
    action: ChangeListAction
    subscription: SubscriptionHandle


class OwnershipChangeList(_List[OwnershipChange]):
    """What happened to ownership since the last call; a list as `changes`."""

    @property
    def changes(self) -> List[OwnershipChange]:
        return self._items


class SubscriptionChangeList(_List[SubscriptionEvent]):
    """What happened in all boxes since the last call; a list as `changes`."""

    @property
    def changes(self) -> List[SubscriptionEvent]:
        return self._items


class MessagePayload:
    """What a message carries: `data` is a list of whole numbers from 0 to 255."""

    __slots__ = ("data",)

    def __init__(self, data: Union[bytes, Sequence[int]] = ()) -> None:
        self.data: List[int] = list(data)

    def __len__(self) -> int:
        return len(self.data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __repr__(self) -> str:
        return "MessagePayload(%r)" % (self.data,)


@dataclass(frozen=True)
class MessageEndpoint:
    """Where messages go to: a partition."""

    id: PartitionId
    type: MessageEndpointType = MessageEndpointType.Partition


@dataclass
class MessageHeader:
    """Who sent a message: an endpoint that can be answered to."""

    source_endpoint: MessageEndpoint


@dataclass
class Message:
    """A message that was sent to this app in the tick before."""

    header: MessageHeader
    payload: MessagePayload


class MessageList(_List[Message]):
    """Messages by sender, then in the order of sending; a list as `messages`."""

    @property
    def messages(self) -> List[Message]:
        return self._items


@dataclass
class StandaloneRuntimeConfig:
    """How a standalone application runs."""

    #: Lifetime of the app, in seconds of ticks.
    run_for_seconds: float = 0.0
    #: Ticks a second.
    tick_hertz: float = 30.0


class AppRuntimeMetrics:
    """An application's gauges and counters, as they are when they are read."""

    __slots__ = ("_application",)

    #: The name of each number, and where `heddle.Metrics` has it.
    _NAMES = {
        "total_committed_ticks_gauge": "total_committed_ticks",
        "active_entity_gauge": "active_entity",
        "ticks_since_reset_counter": "ticks_since_reset",
        "load_field_counter": "load_field",
        "store_field_counter": "store_field",
        "created_entity_counter": "created_entity",
        "deleted_entity_counter": "deleted_entity",
        "entered_entity_counter": "entered_entity",
        "exited_entity_counter": "exited_entity",
        "rejected_incoming_transfer_counter": "rejected_incoming_transfer",
        "rejected_outgoing_transfer_counter": "rejected_outgoing_transfer",
    }

    def __init__(self, application: heddle.Application) -> None:
        self._application = application

    def __getattr__(self, name: str) -> int:
        if name not in self._NAMES:
            raise AttributeError("AppRuntimeMetrics has no %r" % name)
        return getattr(self._application.runtime_metrics(), self._NAMES[name])

    def __dir__(self) -> List[str]:
        return list(self._NAMES)

    def __repr__(self) -> str:
        numbers = ("%s: %d" % (name, getattr(self, name)) for name in self._NAMES)
        return "AppRuntimeMetrics { %s }" % ", ".join(numbers)
