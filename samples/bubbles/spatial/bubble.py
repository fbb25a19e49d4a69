"""The rules of a bubble: how it flies, bounces, grows and splits.

Owns one bubble's next state; never talks to Heddle, so that its tests need no simulation. Lengths
are in world units, times in ticks.
"""

import math
import struct
from collections import defaultdict
from typing import DefaultDict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

RADIUS_MIN = 1.0
RADIUS_MAX = 4.0
#: How far apart two bubbles can be and still touch.
REACH = 2 * RADIUS_MAX
#: A bubble's radius grows by this share in a tick.
GROWTH = 0.004
SPEED_MAX = 1.0

_BYTES = struct.Struct("<fff")


class Bubble(NamedTuple):
    x: float
    y: float
    velocity_x: float
    velocity_y: float
    radius: float

    @property
    def mass(self) -> float:
        return self.radius * self.radius


def to_bytes(bubble: Bubble) -> bytes:
    """Returns what the bubble's data field holds; its position is the entity's own."""
    return _BYTES.pack(bubble.velocity_x, bubble.velocity_y, bubble.radius)


def from_bytes(x: float, y: float, data: bytes) -> Bubble:
    return Bubble(x, y, *_BYTES.unpack(data))


class Places:
    """Bubbles by squares of the plane, to find those that one can touch."""

    def __init__(self, bubbles: Iterable[Bubble]) -> None:
        self._squares: DefaultDict[Tuple[int, int], List[Bubble]] = defaultdict(list)
        for bubble in bubbles:
            self._squares[self._square(bubble)].append(bubble)

    def near(self, bubble: Bubble) -> Iterator[Bubble]:
        """Yields all bubbles within REACH, this one too, and some beyond."""
        column, row = self._square(bubble)
        for x in range(column - 1, column + 2):
            for y in range(row - 1, row + 2):
                yield from self._squares.get((x, y), ())

    @staticmethod
    def _square(bubble: Bubble) -> Tuple[int, int]:
        return math.floor(bubble.x / REACH), math.floor(bubble.y / REACH)


def bounced(bubble: Bubble, others: Iterable[Bubble]) -> Bubble:
    """Returns the bubble after its elastic collisions with all that it touches.

    `others` may name the bubble itself, and some that are far away. Every bubble computes its own side from the same states, so no impulse is lost, also where two
    apps own the two.
    """
    velocity_x, velocity_y = bubble.velocity_x, bubble.velocity_y
    for other in others:
        away_x, away_y = bubble.x - other.x, bubble.y - other.y
        distance = math.hypot(away_x, away_y)
        if not 0 < distance < bubble.radius + other.radius:
            continue
        normal_x, normal_y = away_x / distance, away_y / distance
        towards = (other.velocity_x - bubble.velocity_x) * normal_x + (
            other.velocity_y - bubble.velocity_y
        ) * normal_y
        if towards <= 0:
            continue
        push = 2 * other.mass / (bubble.mass + other.mass) * towards
        velocity_x += push * normal_x
        velocity_y += push * normal_y
    speed = math.hypot(velocity_x, velocity_y)
    slower = min(1.0, SPEED_MAX / speed) if speed > 0 else 1.0
    return bubble._replace(velocity_x=velocity_x * slower, velocity_y=velocity_y * slower)


def flown(bubble: Bubble, world: Tuple[float, float, float, float]) -> Bubble:
    """Returns the bubble a tick later: grown, and turned round where the world ends."""
    radius = min(RADIUS_MAX, bubble.radius * (1 + GROWTH))
    min_x, min_y, max_x, max_y = world
    x, velocity_x = _along(bubble.x, bubble.velocity_x, min_x + radius, max_x - radius)
    y, velocity_y = _along(bubble.y, bubble.velocity_y, min_y + radius, max_y - radius)
    return Bubble(x, y, velocity_x, velocity_y, radius)


def _along(place: float, velocity: float, least: float, most: float) -> Tuple[float, float]:
    if not least <= place + velocity <= most:
        velocity = -velocity
    return min(max(place + velocity, least), most), velocity


def split(bubble: Bubble) -> Optional[Tuple[Bubble, Bubble]]:
    """Returns two bubbles of half its area, side by side; None where it is not full-grown."""
    if bubble.radius < RADIUS_MAX:
        return None
    radius = bubble.radius / math.sqrt(2)
    speed = math.hypot(bubble.velocity_x, bubble.velocity_y)
    aside_x, aside_y = (
        (-bubble.velocity_y / speed, bubble.velocity_x / speed) if speed > 0 else (0.0, 1.0)
    )
    half = [
        Bubble(
            bubble.x + side * aside_x * radius,
            bubble.y + side * aside_y * radius,
            bubble.velocity_x + side * aside_x * 0.2,
            bubble.velocity_y + side * aside_y * 0.2,
            radius,
        )
        for side in (-1, 1)
    ]
    return half[0], half[1]


def deflated(bubble: Bubble) -> Bubble:
    """Returns a full-grown bubble that has no room to split: it loses its air, and begins again."""
    return bubble._replace(radius=RADIUS_MIN)
