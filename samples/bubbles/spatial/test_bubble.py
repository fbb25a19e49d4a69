"""Tests of a bubble's rules: python3 -m unittest, in this folder."""

import math
import unittest

from bubble import (
    RADIUS_MAX,
    RADIUS_MIN,
    REACH,
    Bubble,
    Places,
    bounced,
    deflated,
    flown,
    from_bytes,
    split,
    to_bytes,
)

WORLD = (-10.0, -10.0, 10.0, 10.0)


class BubbleTest(unittest.TestCase):
    def test_two_that_touch_swap_their_speeds_and_lose_nothing(self):
        left = Bubble(0, 0, 0.5, 0, 2)
        right = Bubble(3, 0, -0.25, 0, 2)
        left_after, right_after = bounced(left, [right]), bounced(right, [left])
        self.assertAlmostEqual(left_after.velocity_x, -0.25)
        self.assertAlmostEqual(right_after.velocity_x, 0.5)

    def test_the_sum_of_impulses_stays_whatever_the_sizes(self):
        one = Bubble(0, 0, 0.3, 0.1, 1)
        other = Bubble(2, 1.5, -0.2, -0.3, 3)
        after = [bounced(one, [other]), bounced(other, [one])]
        for axis in ("velocity_x", "velocity_y"):
            before = sum(bubble.mass * getattr(bubble, axis) for bubble in (one, other))
            self.assertAlmostEqual(
                sum(bubble.mass * getattr(bubble, axis) for bubble in after), before
            )

    def test_those_that_part_or_are_apart_do_not_collide(self):
        one = Bubble(0, 0, -0.5, 0, 2)
        self.assertEqual(bounced(one, [Bubble(3, 0, 0.5, 0, 2)]), one)
        self.assertEqual(bounced(one, [Bubble(5, 0, -9, 0, 2)]), one)

    def test_a_bubble_stays_inside_of_the_world_and_turns_round(self):
        bubble = Bubble(8.9, 0, 0.5, 0, 1)
        after = flown(bubble, WORLD)
        self.assertEqual(after.velocity_x, -0.5)
        self.assertLessEqual(after.x + after.radius, 10 + 1e-9)

    def test_a_full_grown_bubble_becomes_two_of_the_same_area(self):
        self.assertIsNone(split(Bubble(0, 0, 1, 0, RADIUS_MAX - 0.1)))
        halves = split(Bubble(0, 0, 1, 0, RADIUS_MAX))
        self.assertAlmostEqual(sum(half.mass for half in halves), RADIUS_MAX**2)
        gap = math.hypot(halves[0].x - halves[1].x, halves[0].y - halves[1].y)
        self.assertGreaterEqual(gap, 2 * halves[0].radius - 1e-9)

    def test_all_that_a_bubble_can_touch_are_near(self):
        own = Bubble(-0.5, 0.5, 0, 0, RADIUS_MAX)
        touching = Bubble(-0.5 + REACH * 0.99, 0.5, 0, 0, RADIUS_MAX)
        far = Bubble(5 * REACH, 0, 0, 0, 1)
        self.assertEqual(set(Places([own, touching, far]).near(own)), {own, touching})

    def test_a_bubble_without_room_begins_again(self):
        self.assertEqual(deflated(Bubble(0, 0, 1, 0, RADIUS_MAX)).radius, RADIUS_MIN)

    def test_the_data_field_holds_all_but_the_position(self):
        bubble = Bubble(1.5, 2.5, 0.25, -0.5, 2)
        self.assertEqual(from_bytes(1.5, 2.5, to_bytes(bubble)), bubble)


if __name__ == "__main__":
    unittest.main()
