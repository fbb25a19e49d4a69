"""The driver in Python: makes an app's calls of the scenarios, tick by tick, and prints each answer
as `<line>: <answer>`. Owns how calls are spelled in this language; ../README.md says what each call
does and answers. Never knows what is expected.
"""

import os
import re
import signal
import sys

if "--without-numpy" in sys.argv:
    sys.modules["numpy"] = None  # what is None there can not be imported

import heddle

NOBODY = heddle.Entity(12_345_678)
NO_ROW = 1_000_000
FIELDS = {
    "velocity": heddle.define_field(9, 900, "f32x2"),
    "body": heddle.define_field(10, 901, {"health": "u16", "heading": "f64", "colour": "u8x3"}),
    "wide": heddle.define_field(11, 902, "u8x100"),
}
entities = {"nobody": NOBODY}
type_of_id = {}
subscriptions = {}
#: Deleted ones: scenarios ask of them once more.
ended = {}
endpoints = {"nobody": 9999}
transaction = None
picture = None


def run(ticks):
    global transaction
    while True:
        try:
            transaction = application.begin_update()
        except heddle.HeddleError as error:
            put(0, error.code)
            break
        clean, lines = ticks.get(transaction.tick, (False, []))
        if clean:
            clean_up()
        for number, name, words in lines:
            answer(number, name, words)
        if transaction.is_open:
            transaction.commit()
    application.destroy()


def read_ticks(file, app):
    """Returns the calls of an app by tick, and whether the tick begins a scenario."""
    found = {}
    tick = 0
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            first, *words = line.rstrip("\n").split(" -> ")[0].split(" ")
            if first in ("scenario", "tick"):
                tick += 1
                found[tick] = (first == "scenario", [])
            elif first == app:
                found[tick][1].append((number, words[0], words[1:]))
    return found


def put(line, text):
    print(f"{line}: {text}", flush=True)


def answer(number, name, words):
    call = CALLS.get(name)
    try:
        given = call(*words) if call else "unsupported"
        put(number, "ok" if given is None else given)
    except heddle.HeddleError as error:
        put(number, error.code)
    except KeyError:
        put(number, "unmet")


def clean_up():
    """Nothing of a scenario is left for the next one."""
    transaction.ownership_changes()
    transaction.receive_messages()
    for subscription in subscriptions.values():
        transaction.delete_subscription(subscription)
    for entity in transaction.owned_entities():
        transaction.delete_entity(entity)
    subscriptions.clear()
    ended.clear()
    entities.clear()
    entities["nobody"] = NOBODY
    application.reset_runtime_metrics()


# --- words and answers


def known(entity):
    entities.setdefault(str(entity.type), entity)
    type_of_id[entity.id] = entity.type
    return str(entity.type)


def subscription_of(name):
    return subscriptions[name] if name in subscriptions else ended[name]


def numbers(words):
    return tuple(float(word) for word in words)


def bytes_of(word):
    """`hello`, `x*20` for 20 times x, `-` for no bytes."""
    repeated = re.fullmatch(r"(.)\*(\d+)", word)
    if repeated:
        return repeated[1].encode() * int(repeated[2])
    return b"" if word == "-" else word.encode()


def text_of(data):
    text = data.decode()
    if len(text) > 8 and text == text[0] * len(text):
        return f"{text[0]}*{len(text)}"
    return text or "-"


def joined(items):
    return ", ".join(items) or "none"


def spaced(items):
    return " ".join(str(item) for item in items)


def app_of(partition):
    return next(found.app_name for found in application.all_partitions() if found.id == partition)


def describe(partition):
    kind = partition.domain_type.name.capitalize()
    return spaced([partition.app_name, partition.domain, kind, *(partition.bounds or ())])


def metrics():
    names = [
        ("activeEntity", "active_entity"),
        ("ticksSinceReset", "ticks_since_reset"),
        ("loadField", "load_field"),
        ("storeField", "store_field"),
        ("createdEntity", "created_entity"),
        ("deletedEntity", "deleted_entity"),
        ("enteredEntity", "entered_entity"),
        ("exitedEntity", "exited_entity"),
        ("rejectedIncomingTransfer", "rejected_incoming_transfer"),
        ("rejectedOutgoingTransfer", "rejected_outgoing_transfer"),
    ]
    counts = application.runtime_metrics()
    return spaced(f"{name}={getattr(counts, own)}" for name, own in names)


def limit(kind):
    name = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).upper()
    return application.runtime_limit(getattr(heddle.Limit, name, 99))


def crash(attempt):
    if application.attempt == int(attempt):
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def fill(type_id):
    made = 0
    while True:
        try:
            transaction.create_entity(int(type_id))
        except heddle.HeddleError as error:
            return f"{made} {error.code}"
        made += 1


def changes(found):
    return joined(f"{change.kind.name.capitalize()} {known(change.entity)}" for change in found)


def subscribe(name, domain, *edges):
    subscriptions[name] = transaction.create_subscription(domain, numbers(edges))


def unsubscribe(name):
    transaction.delete_subscription(subscription_of(name))
    ended[name] = subscriptions.pop(name)


def events():
    names = {number: name for name, number in subscriptions.items()}
    return joined(
        f"{names[event.subscription]} {event.kind.name.capitalize()} {known(event.entity)}"
        for event in transaction.all_subscription_events()
    )


def resolve(name, endpoint):
    endpoints[name] = endpoint
    return app_of(endpoint)


def send(name, data):
    own = application.assigned_partition().id
    transaction.send_message(own if name == "self" else endpoints[name], bytes_of(data))


def reply(data):
    messages = transaction.receive_messages()
    for message in messages:
        transaction.send_message(message.sender, bytes_of(data))
    return len(messages)


# --- columns


def row_of(word):
    owned = transaction.owned
    types = owned.types.tolist()
    for row, state in enumerate(owned.states.tolist()):
        if state and str(types[row]) == word:
            return row
    return NO_ROW


def rows_of(words):
    return [row_of(word) for word in words]


def each(more):
    """An own entity's name for each row that holds one, with more behind it."""
    owned = transaction.owned
    types = owned.types.tolist()
    present = [row for row, state in enumerate(owned.states.tolist()) if state]
    return joined(f"{types[row]}{more(row)}" for row in present)


def types_at(rows):
    types = transaction.owned.types.tolist()
    return joined(str(types[row]) for row in rows.tolist())


def row_range(words):
    return (row_of(words[0]), row_of(words[0]) + 1) if words else ()


def members(columns):
    """A field's columns, in the order of its members."""
    return list(vars(columns).values()) if isinstance(columns, heddle.fields.Columns) else [columns]


def numbers_at(columns, row):
    found = []
    for column in members(columns):
        places = range(column.shape[1]) if column.ndim == 2 else [None]
        found += [column[row] if at is None else column[row, at] for at in places]
    return found


def write_position(word, *at):
    positions = transaction.owned.positions
    row = row_of(word)
    for axis, number in enumerate(numbers(at)):
        positions[row, axis] = number


def write_value(field, word, *given):
    left = [int(number) if number.is_integer() else number for number in numbers(given)]
    columns = transaction.owned.field(FIELDS[field])
    row = row_of(word)
    for column in members(columns):
        if column.ndim == 1:
            column[row] = left.pop(0)
            continue
        for at in range(column.shape[1]):
            column[row, at] = left.pop(0)


def values(field):
    columns = transaction.owned.field(FIELDS[field])
    presence = transaction.owned.presence(FIELDS[field])
    return each(
        lambda row: f" {spaced(numbers_at(columns, row))}" if presence[row] > 0 else " lacks"
    )


def presence(field):
    found = transaction.owned.presence(FIELDS[field])
    return each(lambda row: f" {found[row]}")


def sweep(*by):
    def body(positions, rows):
        for row in range(rows.stop - rows.start):
            for axis, number in enumerate(numbers(by)):
                positions[row, axis] += number

    transaction.owned.sweep(body)


def create_many(type_id, count):
    rows = transaction.owned.create(int(type_id), int(count))
    for row in rows.tolist():
        known(transaction.owned.entity(row))
    return len(rows)


def rows_of_entities(*words):
    found = transaction.owned.rows_of([entities[word].id for word in words])
    return spaced(
        str(row >= 0 and row == row_of(word)).lower() for row, word in zip(found.tolist(), words)
    )


def covered(name):
    items = []
    for part in transaction.covered(subscription_of(name)):
        for row, x, y in zip(part.covered_rows.tolist(), part.x.tolist(), part.y.tolist()):
            app = app_of(part.partition) if part.states[row] else "nowhere"
            items.append(spaced([app, part.types[row], x, y, part.positions[row, 2]]))
    return joined(items)


def covered_values(name, field):
    items = []
    for part in transaction.covered(subscription_of(name)):
        columns = part.field(FIELDS[field])
        has = part.presence(FIELDS[field])
        for row in part.covered_rows.tolist():
            given = numbers_at(columns, row) if has is not None and has[row] > 0 else ["lacks"]
            items.append(spaced([part.types[row], *given]))
    return joined(items)


def neighbours(*words):
    near = transaction.neighbours(*numbers(words))
    return joined(
        spaced([near.types[at], *position, app_of(near.partitions[at])])
        for at, position in enumerate(near.positions.tolist())
    )


def each_neighbour(radius, more):
    global picture
    near = picture = transaction.neighbourhood(float(radius))
    starts, entries, types = near.starts.tolist(), near.list.tolist(), near.types.tolist()
    return each(
        lambda row: "".join(
            sorted(
                f" {types[entry]}{more(entry)}" for entry in entries[starts[row] : starts[row + 1]]
            )
        )
    )


def neighbourhood_values(radius, field):
    found = transaction.neighbourhood(float(radius), list=False).field(FIELDS[field])
    return each_neighbour(
        radius, lambda entry: "=" + ",".join(f"{number:g}" for number in numbers_at(found, entry))
    )


def neighbourhood_at(radius, *place):
    near = transaction.neighbourhood(float(radius), list=False)
    return joined(str(near.types[entry]) for entry in near.at(*numbers(place)).tolist())


# --- the calls

CALLS = {
    "create-application": lambda: heddle.create_application() and None,
    "attempt": lambda: application.attempt,
    "assigned": lambda: describe(application.assigned_partition()),
    "partitions": lambda: joined(map(describe, application.all_partitions())),
    "port": lambda declared: "ok" if application.ingress_port(int(declared)) > 0 else "none",
    "limit": limit,
    "metrics": metrics,
    "committed-ticks": lambda: application.runtime_metrics().total_committed_ticks,
    "reset-metrics": lambda: application.reset_runtime_metrics(),
    "current-tick": lambda: str(application.current_tick == transaction.tick).lower(),
    "has-error": lambda: str(heddle.errors.last_message != "").lower(),
    "will-block": lambda: str(application.begin_update_will_block()).lower(),
    "begin": lambda: application.begin_update() and None,
    "commit": lambda: transaction.commit(),
    "crash": crash,
    "create": lambda type_id, *at: known(
        transaction.create_entity(int(type_id), numbers(at) if at else None)
    ),
    "fill": fill,
    "delete": lambda entity: transaction.delete_entity(entities[entity]),
    "owned": lambda: joined(map(known, transaction.owned_entities())),
    "owned-count": lambda: len(transaction.owned_entities()),
    "store-position": lambda entity, *at: transaction.store_entity_index_key(
        entities[entity], numbers(at)
    ),
    "load-position": lambda entity: spaced(transaction.load_entity_index_key(entities[entity])),
    "store-field": lambda entity, index, type_id, data: transaction.store_entity_field(
        entities[entity], int(index), int(type_id), bytes_of(data)
    ),
    "load-field": lambda entity, index: "{} {}".format(
        transaction.load_entity_field_type(entities[entity], int(index)),
        text_of(transaction.load_entity_field(entities[entity], int(index))),
    ),
    "load-bytes": lambda entity, index: transaction.load_entity_field(
        entities[entity], int(index)
    ).hex(),
    "remove-field": lambda entity, index: transaction.remove_entity_field(
        entities[entity], int(index)
    ),
    "modify-domain": lambda entity, domain: transaction.modify_entity_domain(
        entities[entity], domain
    ),
    "ownership": lambda: changes(transaction.ownership_changes()),
    "subscribe": subscribe,
    "move-subscription": lambda name, *edges: transaction.modify_subscription(
        subscription_of(name), numbers(edges)
    ),
    "unsubscribe": unsubscribe,
    "events": events,
    "subscribed": lambda name: joined(
        map(known, transaction.subscribed_entities(subscription_of(name)))
    ),
    "resolve-position": lambda name, domain, x, y: resolve(
        name, transaction.resolve_endpoint_by_position(domain, float(x), float(y))
    ),
    "resolve-name": lambda name, domain, app: resolve(
        name, transaction.resolve_endpoint_by_app_name(domain, app)
    ),
    "send": send,
    "receive": lambda: joined(
        f"{app_of(message.sender)} {text_of(message.payload)}"
        for message in transaction.receive_messages()
    ),
    "reply": reply,
    "covered": covered,
    "covered-values": covered_values,
    "neighbours": neighbours,
    "neighbourhood": lambda radius: each_neighbour(radius, lambda entry: ""),
    "neighbourhood-values": neighbourhood_values,
    "last-picture": lambda field: "ok" if len(picture.field(FIELDS[field])) > 0 else "none",
    "neighbourhood-at": neighbourhood_at,
    "columns": lambda: each(lambda row: " " + spaced(transaction.owned.positions.tolist()[row])),
    "columns-count": lambda: transaction.owned.count,
    "create-many": create_many,
    "delete-many": lambda *words: transaction.owned.delete(rows_of(words)),
    "entity-at": lambda word: transaction.owned.entity(row_of(word)).type,
    "rows-of": rows_of_entities,
    "arrived": lambda: types_at(transaction.owned.arrived_rows),
    "departed": lambda: joined(
        str(type_of_id[int(found)]) for found in transaction.owned.departed_ids.tolist()
    ),
    "rejected": lambda: types_at(transaction.owned.rejected_rows),
    "write-position": write_position,
    "moved": lambda *words: transaction.owned.moved(*row_range(words)),
    "moved-rows": lambda start, stop: transaction.owned.moved(int(start), int(stop)),
    "touched": lambda *words: transaction.owned.touched(rows_of(words)),
    "sweep": sweep,
    "write-value": write_value,
    "values": values,
    "presence": presence,
    "stored": lambda field, *words: transaction.owned.stored(FIELDS[field], *row_range(words)),
    "give": lambda field, *words: transaction.owned.give(FIELDS[field], rows_of(words)),
    "take": lambda field, *words: transaction.owned.take(FIELDS[field], rows_of(words)),
}

try:
    application = heddle.create_application()
except heddle.HeddleError as error:
    put(0, error.code)
    sys.exit(1)
run(read_ticks(sys.argv[-1], application.assigned_partition().app_name))
