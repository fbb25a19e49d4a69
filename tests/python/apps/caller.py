"""A custom app that makes each call of `heddle`, in order and out of order, beside the drifters of
domain Cells and an app Echoes/echo that answers messages. Prints a line for each answer that is not
the expected one, and after some ticks `all calls made`.
"""

import array
import asyncio
import sys

if "--without-numpy" in sys.argv:
    sys.modules["numpy"] = None

import heddle

faults = 0
numbers = heddle.define_field(index=9, type_id=900, shape="f32x2")
speed = heddle.define_field(1, 2, "f32")
unused = heddle.define_field(40, 2, "f32")
body = heddle.define_field(9, 901, {"health": "u16", "heading": "f64", "colour": "u8x3"})


def fault(text):
    global faults
    faults += 1
    print("fault: " + text, flush=True)


def expect(what, got, wanted):
    if got != wanted:
        fault("%s is %r, not %r" % (what, got, wanted))


def refused(error, text, call, *arguments, **named):
    try:
        answer = call(*arguments, **named)
    except error as refusal:
        if text not in str(refusal):
            fault("%s says %r, without %r" % (call, str(refusal), text))
        if isinstance(refusal, heddle.HeddleError):
            expect("its code", type(refusal).__name__, refusal.code.name)
            expect("its text's begin", str(refusal).split(":")[0], refusal.code.name)
    except Exception as refusal:
        fault("%s raises %r, not %s" % (call, refusal, error.__name__))
    else:
        fault("%s returns %r, and does not raise %s" % (call, answer, error.__name__))


def before_any_update(application):
    own = application.assigned_partition()
    expect("its bounds", own.bounds, None)
    expect("its kind of domain", own.domain_type, heddle.DomainType.CUSTOM)
    expect("its name", (own.domain, own.app_name), ("Callers", "caller"))
    cells = [found for found in application.all_partitions() if found.domain == "Cells"]
    expect("the cells", len(cells), 4)
    expect("the least x", min(cell.bounds.min_x for cell in cells), -1000)
    expect("a box with a margin", heddle.Bounds(0, 0, 1, 1).grown(2), (-2, -2, 3, 3))
    refused(heddle.InvalidState, "", heddle.create_application)
    expect("a limit", application.runtime_limit(heddle.Limit.ENTITIES_PER_PARTITION) > 0, True)
    refused(heddle.InvalidArgument, "no limit 9", application.runtime_limit, 9)
    refused(heddle.NotFound, "no ingress port 80", application.ingress_port, 80)
    expect("the port", application.ingress_port(7000) > 0, True)
    expect("whether it waits", application.begin_update_will_block() in (True, False), True)
    expect("the attempt", application.attempt, 1)
    return own


def entities(application, t, own):
    refused(heddle.InvalidState, "an update is open", application.begin_update)
    refused(heddle.InvalidArgument, "not 511", t.create_entity, 511)
    refused(heddle.InvalidArgument, "from 0 to", t.create_entity, -1)
    refused(TypeError, "whole number", t.create_entity, "x")
    refused(TypeError, "3 numbers", t.create_entity, 512, (1, 2))
    refused(TypeError, "a number", t.create_entity, 512, ("a", "b", "c"))
    refused(heddle.InvalidArgument, "outside", t.create_entity, 512, (1e9, 0, 0))
    made = t.create_entity(700, (1.5, 2.5, 3.5))
    expect("its type", made.type, 700)
    expect("its position", t.load_entity_index_key(made), (1.5, 2.5, 3.5))
    t.store_entity_index_key(made, [1, 2, 3])
    expect("its position", t.load_entity_index_key(heddle.Entity(made.id)), (1, 2, 3))
    expect("handles of one", {made: 1}[heddle.Entity(made.id)], 1)
    refused(heddle.InvalidArgument, "outside", t.store_entity_index_key, made, (1e9, 0, 0))
    refused(heddle.InvalidArgument, "finite", t.store_entity_index_key, made, (float("nan"), 0, 0))
    refused(TypeError, "Entity", t.store_entity_index_key, made.id, (1, 2, 3))
    for data in (b"hello", bytearray(b"hello"), memoryview(b"hello"), list(b"hello")):
        t.store_entity_field(made, 5, 42, data)
        expect("a field", t.load_entity_field(made, 5), b"hello")
    t.store_entity_field(made, 5, 43, array.array("H", [1, 2]))
    expect("a field of an array", t.load_entity_field(made, 5), b"\x01\x00\x02\x00")
    expect("the field's type", t.load_entity_field_type(made, 5), 43)
    refused(TypeError, "encode", t.store_entity_field, made, 5, 42, "hello")
    refused(TypeError, "", t.store_entity_field, made, 5, 42)
    refused(heddle.InvalidArgument, "1 to 63", t.store_entity_field, made, 64, 1, b"")
    refused(heddle.CapacityExceeded, "holds", t.store_entity_field, made, 5, 1, bytes(1 << 20))
    refused(heddle.NotFound, "no field 6", t.load_entity_field, made, 6)
    t.remove_entity_field(made, 5)
    refused(heddle.NotFound, "no field 5", t.remove_entity_field, made, 5)
    refused(heddle.NotFound, "no entity 77", t.delete_entity, heddle.Entity(77))
    expect("owned entities", t.owned_entities(), [made])
    other = t.create_entity(701)
    t.delete_entity(other)
    refused(heddle.NotFound, "", t.load_entity_index_key, other)
    refused(heddle.InvalidArgument, "no area", t.modify_entity_domain, made, own.domain)
    refused(heddle.InvalidArgument, "no domain 'Sells'", t.modify_entity_domain, made, "Sells")
    t.modify_entity_domain(made, "Cells")


def subscriptions(t):
    box = heddle.Bounds(-1e6, -1e6, 1e6, 1e6)
    refused(heddle.InvalidArgument, "not a box", t.create_subscription, "Cells", (1, 0, 0, 0))
    refused(TypeError, "4 numbers", t.create_subscription, "Cells", (1, 0, 0))
    refused(heddle.InvalidArgument, "no domain", t.create_subscription, "Sells", box)
    border = t.create_subscription("Cells", box)
    refused(heddle.NotFound, "no subscription 77", t.modify_subscription, 77, box)
    second = t.create_subscription("Cells", (0, 0, 1, 1))
    t.modify_subscription(second, (0, 0, 2, 2))
    t.delete_subscription(second)
    refused(heddle.NotFound, "no subscription", t.subscribed_entities, second)
    return border


def columns(t):
    owned = t.owned
    before = owned.count
    rows = owned.create(702, 10)
    expect("rows made", len(rows), 10)
    speeds = owned.field(numbers)
    positions = owned.positions
    for place, row in enumerate(rows):
        positions[row, 0] = place
        speeds[row, 0], speeds[row, 1] = 1, 2
    owned.moved()
    owned.stored(numbers)
    expect("count", owned.count, before + 10)
    expect("a type", owned.types[rows[0]], 702)
    expect("a state", owned.states[rows[0]] != 0, True)
    expect("presence", owned.presence(numbers)[rows[3]], 9)
    entity = owned.entity(rows[3])
    expect("an id", owned.ids[rows[3]], entity.id)
    expect("rows of ids", list(owned.rows_of([entity.id, 5])), [rows[3], -1])
    expect("a position", t.load_entity_index_key(entity), (3, 0, 0))
    expect("a value", numbers.unpack(t.load_entity_field(entity, 9)), (1, 2))
    positions[rows[3], 2] = 7
    owned.touched([rows[3]])
    expect("a position", t.load_entity_index_key(entity), (3, 0, 7))
    refused((TypeError, ValueError), "", owned.ids.__setitem__, rows[0], 1)
    refused(heddle.InvalidArgument, "rows 5 to 4", owned.moved, 5, 4)
    refused(heddle.NotFound, "row 1000000", owned.entity, 1000000)
    refused(heddle.NotFound, "", owned.touched, [1000000])
    refused(heddle.NotFound, "", owned.delete, [rows[0], rows[0]])
    refused(OverflowError, "", owned.delete, [-1])
    owned.take(numbers, rows[:2])
    refused(heddle.NotFound, "no field 9", t.load_entity_field, owned.entity(rows[0]), 9)
    owned.give(numbers, rows[:1])
    expect("zeros", numbers.unpack(t.load_entity_field(owned.entity(rows[0]), 9)), (0, 0))
    owned.take(numbers, rows)
    owned.give(body, rows)
    members = owned.field(body)
    for row in rows:
        members.health[row], members.heading[row], members.colour[row, 2] = 5, 0.5, 255
    owned.touched(rows)
    value = {"health": 5, "heading": 0.5, "colour": (0, 0, 255)}
    expect("a value", body.unpack(t.load_entity_field(owned.entity(rows[0]), 9)), value)
    expect("the same packed", t.load_entity_field(owned.entity(rows[0]), 9), body.pack(**value))
    refused(AttributeError, "no member", setattr, members, "haelth", 1)
    swept = []

    def shift(piece, rows):
        swept.append(rows.stop - rows.start)
        for place in range(len(piece)):
            piece[place, 2] += 1
        refused(heddle.InvalidState, "sweep", t.owned_entities)

    owned.sweep(shift)
    expect("rows swept over", sum(swept), owned.rows)
    expect("a position", t.load_entity_index_key(entity), (3, 0, 8))
    refused(ZeroDivisionError, "", owned.sweep, lambda piece, rows: 1 / 0)
    owned.delete(rows)
    expect("count", owned.count, before)
    kept = owned.create(703, 2)
    owned.give(numbers, kept)
    for row, x in zip(kept, (0, 3)):
        owned.positions[row, 0] = x
        owned.field(numbers)[row, 0] = 1 + x
    owned.touched(kept)


def shapes():
    refused(heddle.InvalidArgument, "1 to 63", heddle.define_field, 64, 1, "u8")
    refused(heddle.InvalidArgument, "type id", heddle.define_field, 1, -1, "u8")
    refused(heddle.InvalidArgument, "not 'f16'", heddle.define_field, 1, 1, "f16")
    refused(heddle.InvalidArgument, "member 'a'", heddle.define_field, 1, 1, {"a": "u8x0"})
    refused(heddle.InvalidArgument, "at least one", heddle.define_field, 1, 1, {})
    expect("bytes", (numbers.bytes, body.bytes), (8, 24))
    refused(TypeError, "members", body.pack, health=1, heading=2, colour=(1, 2, 3), more=1)
    refused(KeyError, "heading", lambda: body.pack(health=1))


class Watch:
    """What is seen of the others, tick by tick."""

    def __init__(self, border):
        self.border = border
        self.seen = 0
        self.answers = 0

    def look(self, t, with_numpy):
        events = t.all_subscription_events()
        for event in events:
            self.seen += event.kind == heddle.ChangeKind.ADD
            self.seen -= event.kind == heddle.ChangeKind.REMOVE
            expect("the subscription of an event", event.subscription, self.border)
        subscribed = t.subscribed_entities(self.border)
        expect("entities that are seen", len(subscribed), self.seen)
        expect("events of a second look", t.all_subscription_events(), [])
        for entity in subscribed[:1]:
            t.load_entity_index_key(entity)
            refused(heddle.NotOwned, "another", t.store_entity_index_key, entity, (0, 0, 0))
        if t.tick < 6:
            return  # the entity that this app has handed over may be changing hands
        others = {entity.id for entity in subscribed}
        own = {entity.id for entity in t.owned_entities()}
        near = t.neighbours(0, 0, 1e5)
        expect("neighbours", {int(number) for number in near.ids}, others | own)
        within = sum(
            near.positions[place, 0] ** 2 + near.positions[place, 1] ** 2 <= 500**2
            for place in range(len(near))
        )
        expect("neighbours within 500", t.neighbours(0, 0, 500).count, within)
        refused(heddle.InvalidArgument, "radius", t.neighbours, 0, 0, 0)
        expect("what arrays are", hasattr(near.ids, "dtype"), with_numpy)
        self.look_at_columns(t, others)
        look_around(t, others, with_numpy)

    def look_at_columns(self, t, others):
        refused(heddle.NotFound, "no subscription 77", t.covered, 77)
        covered = t.covered(self.border)
        ids = [int(one.ids[row]) for one in covered for row in one.covered_rows]
        expect("ids that are covered", set(ids), others)
        expect("how many are covered", len(ids), len(others))
        for one in covered:
            row = one.covered_rows[0]
            expect("a covered position", one.positions[row, 0], one.x[0])
            expect("a covered type", (one.types[row], one.states[row] != 0), (512, True))
            expect("a covered value", abs(one.field(speed)[row]) >= 7, True)
            expect("its presence", one.presence(speed)[row], 5)
            expect("a field of nobody", (one.field(unused), one.presence(unused)), (None, None))
            refused((TypeError, ValueError), "", one.positions.__setitem__, (row, 0), 1)

    def talk(self, t, own):
        heard = t.receive_messages()
        echo = t.resolve_endpoint_by_app_name("Echoes", "echo")
        self.answers += sum(m == (echo, b"echo heard ping") for m in heard)
        expect("messages of a second call", t.receive_messages(), [])
        refused(heddle.NotFound, "no app 'nobody'", t.resolve_endpoint_by_app_name, "Echoes",
                "nobody")
        cell = t.resolve_endpoint_by_position("Cells", 1, 1)
        refused(heddle.InvalidArgument, "holds the position", t.resolve_endpoint_by_position,
                "Cells", 1e9, 1)
        refused(heddle.InvalidArgument, "no area", t.resolve_endpoint_by_position, "Echoes", 1, 1)
        t.send_message(echo, b"ping")
        refused(heddle.InvalidArgument, "own partition", t.send_message, own.id, b"ping")
        refused(heddle.NotFound, "no partition 9999", t.send_message, 9999, b"ping")
        refused(heddle.CapacityExceeded, "a message holds", t.send_message, echo, bytes(70000))
        refused(heddle.CapacityExceeded, "at max outgoing", send_without_end, t, cell)


def look_around(t, others, with_numpy):
    owned = t.owned
    first, second = owned.rows_of([entity.id for entity in t.owned_entities()])
    near = t.neighbourhood(3)
    expect("entries", near.count, near.own_rows + len(others))
    expect("own rows", near.own_rows, owned.rows)
    listed = list(near.list[near.starts[first] : near.starts[first + 1]])
    expect("whether it lists the other one", int(second) in listed, True)
    expect("ids of others", {int(near.ids[n]) for n in range(owned.rows, near.count)}, others)
    values = near.field(numbers)
    expect("an own value", (values[second, 0], values[second, 1]), (4, 0))
    expect("a value of nobody", values[near.count - 1, 0], 0)
    expect("entries at a place", int(first) in list(near.at(0, 0, 1)), True)
    if with_numpy:
        own, entries = near.pairs()
        expect("pairs", (int(first), int(second)) in set(zip(own, entries)), True)
    refused(heddle.InvalidArgument, "radius", t.neighbourhood, -1)
    expect("a picture without lists", t.neighbourhood(3, list=False).list, None)


def send_without_end(t, endpoint):
    for _ in range(100000):
        t.send_message(endpoint, b"x")


def by_hand(application, own):
    """The first ticks, begun and committed one by one."""
    with application.begin_update() as first:
        expect("the tick", first.tick, application.current_tick)
        expect("what it owns at first", first.ownership_changes(), [])
        entities(application, first, own)
        border = subscriptions(first)
    expect("whether it is open", first.is_open, False)
    refused(heddle.InvalidState, "committed", first.owned_entities)
    refused(heddle.InvalidState, "committed", first.commit)
    second = application.begin_update()
    refused(heddle.InvalidState, "committed", first.owned_entities)
    columns(second)
    second.commit()
    return border


async def in_an_event_loop(application, watch, own, with_numpy):
    """The other ticks: the event loop goes on between them."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    updates = 0
    async for t in application.updates():
        t.ownership_changes()
        watch.look(t, with_numpy)
        watch.talk(t, own)
        updates += 1
        if updates == 30:
            metrics = application.runtime_metrics()
            expect("created entities", metrics.created_entity, 14)
            expect("deleted entities", metrics.deleted_entity, 11)
            application.reset_runtime_metrics()
            expect("created after a reset", application.runtime_metrics().created_entity, 0)
            expect("answers", watch.answers > 20, True)
            expect("turns of the event loop", turns > 30, True)
            print("all calls made, %d faults" % faults, flush=True)
    counting.cancel()


def main():
    application = heddle.create_application()
    own = before_any_update(application)
    shapes()
    watch = Watch(by_hand(application, own))
    with_numpy = "--without-numpy" not in sys.argv
    asyncio.run(in_an_event_loop(application, watch, own, with_numpy))
    refused(heddle.InvalidState, "destroyed", application.begin_update)
    refused(heddle.InvalidState, "destroyed", application.runtime_metrics)
    application.destroy()
    print("ends with %d faults" % faults, flush=True)


main()
