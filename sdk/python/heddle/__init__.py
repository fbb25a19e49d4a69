"""Heddle's SDK for apps in Python: one partition of a simulated world, tick by tick.

    import heddle

    with heddle.create_application() as application:
        for transaction in application.updates():
            for entity in transaction.owned_entities():
                x, y, z = transaction.load_entity_index_key(entity)
                transaction.store_entity_index_key(entity, (x + 1, y, z))

docs/app-sdk-python.md is the guide.
"""

from .application import (
    Application,
    Bounds,
    Metrics,
    Partition,
    Updates,
    create_application,
    create_standalone_application,
)
from .columns import Owned
from .errors import (
    CapacityExceeded,
    ErrorCode,
    HeddleError,
    InvalidArgument,
    InvalidState,
    NotConnected,
    NotFound,
    NotOwned,
    ShuttingDown,
)
from .fields import Field, define_field
from .kinds import ChangeKind, DomainType, Limit
from .nearby import Covered, Neighbourhood, Neighbours
from .transaction import Change, Entity, Message, Transaction

__all__ = [
    "Application",
    "Bounds",
    "CapacityExceeded",
    "Change",
    "ChangeKind",
    "Covered",
    "DomainType",
    "Entity",
    "ErrorCode",
    "Field",
    "HeddleError",
    "InvalidArgument",
    "InvalidState",
    "Limit",
    "Message",
    "Metrics",
    "Neighbourhood",
    "Neighbours",
    "NotConnected",
    "NotFound",
    "NotOwned",
    "Owned",
    "Partition",
    "ShuttingDown",
    "Transaction",
    "Updates",
    "create_application",
    "create_standalone_application",
    "define_field",
]
