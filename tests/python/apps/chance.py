"""Randomness without state, as tests/apps/random.ts has it: the same words, the same numbers."""

MASK = 0xFFFFFFFF


def chance(*words):
    """Returns a number from 0 to 1 that depends on the words alone."""
    number = 0x811C9DC5
    for character in "/".join(map(str, words)):
        number = ((number ^ ord(character)) * 0x01000193) & MASK
    number = ((number ^ (number >> 16)) * 0x7FEB352D) & MASK
    number = ((number ^ (number >> 15)) * 0x846CA68B) & MASK
    return (number ^ (number >> 16)) / 2**32
