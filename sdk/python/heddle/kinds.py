"""Kinds of changes, domains and limits. Their numbers are those of heddle.h.

Owns the names; never decides what follows from one.
"""

import enum


class Named(enum.IntEnum):
    """Whole numbers with names. The text of one is its name, in every version of Python."""

    def __str__(self) -> str:
        return self.name


class ChangeKind(Named):
    """What happened to an entity."""

    NONE = 0
    #: It left: this app's ownership, or a subscription's box.
    REMOVE = 1
    #: It came: into this app's ownership, or into a subscription's box.
    ADD = 2
    #: Its position or fields were written, inside of a subscription's box.
    UPDATE = 3
    #: It should have gone to another app, which has no room. This app still owns it.
    REJECT = 4


class DomainType(Named):
    """How the apps of a domain are launched."""

    #: One app for each cell of a grid.
    SPATIAL = 0
    #: A fixed number of apps for each logical worker.
    SERVICE = 1
    #: Apps that callers start.
    CUSTOM = 2


class Limit(Named):
    """What `Application.runtime_limit` can be asked for; all are numbers of entities."""

    ENTITIES_PER_PARTITION = 1
    #: Transfers that a partition may receive in a tick.
    REMOTE_ENTITY_TRANSFERS = 2
    LOCAL_ENTITY_TRANSFERS = 3
