"""The calls of the service's app SDK, over `heddle`.

Names are the C++ ones in snake case; types keep their C++ names. A refused call raises an
exception: a HeddleError, whose `code` is an ErrorCode and whose text begins with the code's name.
Owns the translation; everything is done by `heddle`.
"""

from typing import Any, Optional, Union

import heddle
from heddle import (
    Application,
    CapacityExceeded,
    ErrorCode,
    HeddleError,
    InvalidArgument,
    InvalidState,
    NotConnected,
    NotFound,
    NotOwned,
    ShuttingDown,
    Transaction,
)
from heddle import errors as _errors
from heddle.application import attach as _attach, stand_alone as _stand_alone

from . import utils
from .data import IndexKey, index_key as _index_key, to_bytes as _to_bytes
from .data import to_position as _to_position
from .types import (
    AppRuntimeMetrics,
    BoundingBox2F32,
    BoundingBox2F64,
    BuiltinTypeId,
    ChangeListAction,
    DomainId,
    DomainType,
    Entity,
    EntityDescriptor,
    EntityId,
    FieldIndex,
    Limit,
    LimitType,
    Message,
    MessageDeliveryType,
    MessageEndpoint,
    MessageEndpointType,
    MessageHeader,
    MessageList,
    MessagePayload,
    OwnershipChange,
    OwnershipChangeList,
    Partition,
    PartitionId,
    PartitionSet,
    StandaloneRuntimeConfig,
    SubscriptionChangeList,
    SubscriptionEvent,
    SubscriptionHandle,
    Tick,
    TypeId,
    Vector2F32,
    Vector2F64,
    Vector3F32,
)

Txn = Transaction
MessageDestination = MessageEndpoint
WeaverError = HeddleError

_ACTIONS = [ChangeListAction(kind) for kind in heddle.ChangeKind]
_FLOATS = BuiltinTypeId.Vector3F32


# --- the application


def create_application() -> Application:
    """Attaches to the simulation that started this process. Call it once, and early.

    Raises NotConnected where no worker started this process, InvalidState on a second call.
    """
    return _attach(Entity)


def create_standalone_application(config: StandaloneRuntimeConfig) -> Application:
    """Runs an app alone, for tests: the world is a square from -1000 to 1000, all of it its own.

    After `run_for_seconds` of ticks, `begin_update` raises ShuttingDown.
    """
    square = (-1000, -1000, 1000, 1000)
    return _stand_alone(
        Entity, config.run_for_seconds, config.tick_hertz, square, "Standalone", 8192
    )


def destroy_application(app: Application) -> None:
    """Says that this app is done. A process that exits without it counts as failed."""
    app.destroy()


def begin_update_will_block(app: Application) -> bool:
    """Returns whether `begin_update` would wait now; where it would, it has slept for a moment."""
    return app.begin_update_will_block()


def begin_update(app: Application) -> Transaction:
    """Waits for the next tick and opens it. Raises ShuttingDown where there is none."""
    return app.begin_update()


def commit(txn: Transaction) -> None:
    """Ends the update: other apps see what was written in the next tick."""
    txn.commit()


def last_error_message() -> str:
    """Returns the text of the last error; empty where there was none."""
    return _errors.last_message


def current_tick(txn: Transaction) -> Tick:
    """Returns the tick that is open; `value` is its number."""
    return Tick(txn.tick)


def runtime_limit(app: Application, limit: LimitType) -> Limit:
    """Returns a limit, in entities; `value` is its number."""
    return Limit(app.runtime_limit(limit))


def runtime_metrics(app: Application) -> AppRuntimeMetrics:
    """Returns the app's gauges and counters; they are read anew each time."""
    return AppRuntimeMetrics(app)


def reset_runtime_metrics(app: Application) -> None:
    """Sets the counters to 0."""
    app.reset_runtime_metrics()


# --- partitions


def assigned_partitions(txn: Union[Transaction, Application]) -> PartitionSet:
    """Returns the partition that this app owns, as a set of one."""
    return PartitionSet([_partition(_application(txn).assigned_partition())])


def all_partitions(txn: Union[Transaction, Application]) -> PartitionSet:
    """Returns the partitions of all apps of all domains."""
    return PartitionSet([_partition(found) for found in _application(txn).all_partitions()])


# --- entities


def builtin_type_id_to_type_id(type_id: int) -> TypeId:
    """Returns a built-in type as a TypeId; a TypeId is one already."""
    return TypeId(type_id)


def create_entity(txn: Transaction, type_id: int) -> Entity:
    """Creates an entity of this app in the middle of its cell.

    Raises InvalidArgument for a type below 512, CapacityExceeded where no more entities fit.
    """
    return txn.create_entity(type_id)


def delete_entity(txn: Transaction, entity: Entity) -> None:
    """Deletes an entity. Raises NotOwned or NotFound."""
    txn.delete_entity(entity)


def store_entity_index_key(
    txn: Transaction, entity: Entity, key_type_id: int, src: Any, length: Optional[int] = None
) -> None:
    """Moves an entity. `src`: 12 bytes of three floats, or the three numbers, in world units.

    Raises InvalidArgument outside of the world, NotOwned or NotFound.
    """
    if key_type_id != _FLOATS:
        raise InvalidArgument(
            "InvalidArgument: the index key is of type Vector3F32 (1), not %d" % key_type_id
        )
    txn.store_entity_index_key(entity, _to_position(src, length))


def load_entity_index_key(txn: Transaction, entity: Entity, key_type_id: int = _FLOATS) -> IndexKey:
    """Returns the position of an entity as 12 bytes of three floats; `x`, `y` and `z` read them.

    Raises NotFound where the entity is neither owned nor subscribed to.
    """
    return _index_key(txn.load_entity_index_key(entity))


def store_entity_field(
    txn: Transaction,
    entity: Entity,
    key_type_id: int,
    index: int,
    src: Any,
    length: Optional[int] = None,
) -> None:
    """Writes a data field. `src`: bytes, what holds bytes, or whole numbers.

    Raises InvalidArgument, CapacityExceeded, NotOwned or NotFound.
    """
    data = src if type(src) is bytes and length is None else _to_bytes(src, key_type_id, length)
    txn.store_entity_field(entity, index, key_type_id, data)


def load_entity_field(txn: Transaction, entity: Entity, key_type_id: int, index: int) -> bytes:
    """Returns the bytes of a data field. Raises NotFound where there is none to be read."""
    return txn.load_entity_field(entity, index)


def modify_entity_domain(txn: Transaction, entity: Entity, domain_id: int) -> None:
    """Hands an entity to a spatial domain, whose app at its position owns it from the next tick.

    Raises InvalidArgument where the domain has no area, or does not contain the position.
    """
    txn.modify_entity_domain(entity, domain_id)


def ownership_changes(txn: Transaction) -> OwnershipChangeList:
    """Returns what happened to this app's ownership since the last call, oldest first."""
    return OwnershipChangeList(
        [OwnershipChange(entity, _ACTIONS[kind]) for kind, entity, _ in txn.ownership_changes()]
    )


def release_read_leases(txn: Transaction) -> None:
    """Does nothing: on Heddle, reading locks nothing."""


# --- subscriptions


def create_subscription_bounding_box2f32(
    txn: Transaction, domain_id: int, bounding_box: BoundingBox2F32
) -> SubscriptionHandle:
    """Subscribes to a box on a domain. Raises InvalidArgument for no domain, or no box."""
    return SubscriptionHandle(txn.create_subscription(domain_id, _edges(bounding_box)))


def modify_subscription_bounding_box2f32(
    txn: Transaction, handle: int, bounding_box: BoundingBox2F32
) -> None:
    """Moves a subscription's box. Raises NotFound or InvalidArgument."""
    txn.modify_subscription(handle, _edges(bounding_box))


# Nobody has said how the service's SDK spells the name of the type within a name.
create_subscription_bounding_box_2f32 = create_subscription_bounding_box2f32
create_subscription_bounding_box2_f32 = create_subscription_bounding_box2f32
create_subscription_bounding_box_2_f32 = create_subscription_bounding_box2f32
modify_subscription_bounding_box_2f32 = modify_subscription_bounding_box2f32
modify_subscription_bounding_box2_f32 = modify_subscription_bounding_box2f32
modify_subscription_bounding_box_2_f32 = modify_subscription_bounding_box2f32


def delete_subscription(txn: Transaction, handle: int) -> None:
    """Ends a subscription. Raises NotFound."""
    txn.delete_subscription(handle)


def all_subscription_events(txn: Transaction) -> SubscriptionChangeList:
    """Returns what happened in all subscribed boxes since the last call."""
    return SubscriptionChangeList(
        [
            SubscriptionEvent(entity, _ACTIONS[kind], SubscriptionHandle(subscription))
            for kind, entity, subscription in txn.all_subscription_events()
        ]
    )


# --- messages


def send_message(
    txn: Transaction,
    payload: Any,
    destination: Union[MessageEndpoint, int],
    delivery_type: MessageDeliveryType = MessageDeliveryType.BestEffort,
) -> None:
    """Sends a MessagePayload, a list of whole numbers, or bytes to a partition.

    It arrives in the next tick, once. Raises CapacityExceeded beyond the limits, InvalidArgument
    for this app's own partition, NotFound where there is no such partition.
    """
    partition = destination.id if isinstance(destination, MessageEndpoint) else destination
    txn.send_message(partition, _to_bytes(payload))


def receive_messages(txn: Transaction) -> MessageList:
    """Returns the messages of the tick before; a second call in a tick returns none."""
    return MessageList(
        [
            Message(MessageHeader(MessageEndpoint(PartitionId(sender))), MessagePayload(payload))
            for sender, payload in txn.receive_messages()
        ]
    )


def _application(txn: Union[Transaction, Application]) -> Application:
    return txn.application if isinstance(txn, Transaction) else txn


def _partition(found: heddle.Partition) -> Partition:
    box = found.bounds and BoundingBox2F32(found.bounds[:2], found.bounds[2:])
    return Partition(
        PartitionId(found.id),
        DomainId(found.domain_index),
        DomainType(found.domain_type),
        found.domain,
        found.app_name,
        box,
    )


def _edges(box: Any) -> tuple:
    """Takes a box with `min` and `max`, a pair of corners, or four numbers."""
    corners = (box.min, box.max) if hasattr(box, "min") else tuple(box)
    return corners if len(corners) == 4 else (*corners[0], *corners[1])


__all__ = [
    name
    for name in dir()
    if not name.startswith("_") and name not in ("Any", "Optional", "Union", "heddle")
]
