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
)
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
from .kinds import ChangeKind, DomainType, Limit
from .transaction import Change, Entity, Message, Transaction

__all__ = [
    "Application",
    "Bounds",
    "CapacityExceeded",
    "Change",
    "ChangeKind",
    "DomainType",
    "Entity",
    "ErrorCode",
    "HeddleError",
    "InvalidArgument",
    "InvalidState",
    "Limit",
    "Message",
    "Metrics",
    "NotConnected",
    "NotFound",
    "NotOwned",
    "Partition",
    "ShuttingDown",
    "Transaction",
    "Updates",
    "create_application",
]
