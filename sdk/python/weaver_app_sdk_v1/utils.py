"""Helpers around messages: endpoints by place or by name, payloads from bytes.

Owns no state. Errors are those of `heddle`.
"""

from typing import Any, Sequence, Union

import heddle

from .data import to_bytes
from .types import Message, MessageEndpoint, MessagePayload, PartitionId

Domain = Union[str, int]


def resolve_endpoint_from_domain_name_position(
    txn: heddle.Transaction, domain_name: str, position: Sequence[float]
) -> MessageEndpoint:
    """Returns the endpoint of the app of a spatial domain whose cell contains a position.

    position: a Vector2F32, or two or three numbers, in world units. Raises InvalidArgument for an
    unknown domain, a domain without an area, or a position outside of it.
    """
    x, y = list(position)[:2]
    return MessageEndpoint(PartitionId(txn.resolve_endpoint_by_position(domain_name, x, y)))


def resolve_endpoint_from_position(
    txn: heddle.Transaction, domain: Domain, position: Sequence[float]
) -> MessageEndpoint:
    """The same, for the name of a domain or its DomainId."""
    x, y = list(position)[:2]
    return MessageEndpoint(PartitionId(txn.resolve_endpoint_by_position(domain, x, y)))


def resolve_endpoint_from_custom_app_name(
    txn: heddle.Transaction, domain: Domain, app_name: str
) -> MessageEndpoint:
    """Returns the endpoint of an app by its name.

    domain: the name of its domain or its DomainId. Raises InvalidArgument for an unknown domain,
    NotFound for no such app.
    """
    return MessageEndpoint(PartitionId(txn.resolve_endpoint_by_app_name(domain, app_name)))


class MessageEndpointResolver:
    """The same calls under the names of the C++ class."""

    resolve_from_position = staticmethod(resolve_endpoint_from_position)
    resolve_endpoint_from_position = staticmethod(resolve_endpoint_from_position)
    resolve_endpoint_from_custom_app_name = staticmethod(resolve_endpoint_from_custom_app_name)


def create_message_payload(data: Any) -> MessagePayload:
    """Returns a payload of bytes, of what holds bytes, or of whole numbers."""
    return MessagePayload(to_bytes(data))


def extract_message(message: Union[Message, MessagePayload]) -> bytes:
    """Returns the bytes of a message, or of its payload."""
    payload = message.payload if isinstance(message, Message) else message
    return bytes(payload.data)
