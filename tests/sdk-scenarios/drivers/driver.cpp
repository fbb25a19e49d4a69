// The driver in C++ over heddle.h: makes an app's calls of the scenarios, tick by tick, and prints
// each answer as `<line>: <answer>`. Owns how calls are spelled in this language; ../README.md says
// what each call does and answers. Never knows what is expected.

#include <heddle.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

constexpr heddle_entity NOBODY = {12345678, 0, 0, 0};
constexpr uint32_t NO_ROW = 1000000;
constexpr uint32_t NO_PARTITION = 9999;

/** What a call is answered, where it is refused. */
struct Refused {
  std::string answer;
};

/** A member of a field's value: numbers of one kind. */
struct Member {
  char kind;
  uint32_t offset, count;
};
struct Field {
  heddle_shape shape;
  std::vector<Member> members;
};
const std::map<std::string, Field> FIELDS = {
    {"velocity", {{9, 900, 8, 4, "\"f32x2\""}, {{'f', 0, 2}}}},
    {"body",
     {{10, 901, 24, 8, R"({"health":"u16","heading":"f64","colour":"u8x3"})"},
      {{'h', 0, 1}, {'d', 8, 1}, {'b', 16, 3}}}},
    {"wide", {{11, 902, 100, 1, "\"u8x100\""}, {{'b', 0, 100}}}}};

heddle_application *app;
uint32_t ownPartition;
uint64_t tickOpen;
std::map<std::string, heddle_entity> entities;
std::map<uint64_t, uint32_t> typeOfId;
std::map<std::string, uint32_t> subscriptions;
/** Deleted ones: scenarios ask of them once more. */
std::map<std::string, uint32_t> ended;
std::map<std::string, uint32_t> endpoints = {{"nobody", NO_PARTITION}};

void check(heddle_error error) {
  if (error != HEDDLE_OK) throw Refused{heddle_error_name(error)};
}

void print(int line, const std::string &text) {
  std::printf("%d: %s\n", line, text.c_str());
  std::fflush(stdout);
}

// --- words and answers

std::string text(double number) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.9g", number);
  return digits;
}

std::string text(bool value) { return value ? "true" : "false"; }

std::string place(const float *at) { return text(at[0]) + " " + text(at[1]) + " " + text(at[2]); }

std::string list(const Words &items, const char *separator = ", ") {
  std::string joined;
  for (const auto &item : items) joined += (joined.empty() ? "" : separator) + item;
  return joined.empty() ? "none" : joined;
}

float number(const std::string &word) { return std::strtof(word.c_str(), nullptr); }
uint32_t whole(const std::string &word) { return uint32_t(std::stoul(word)); }

/** `hello`, `x*20` for 20 times x, `-` for no bytes. */
std::string bytesOf(const std::string &word) {
  if (word.size() > 2 && word[1] == '*') return std::string(std::stoul(word.substr(2)), word[0]);
  return word == "-" ? "" : word;
}

std::string textOf(const void *data, size_t bytes) {
  const std::string text(static_cast<const char *>(data), bytes);
  if (bytes > 8 && text == std::string(bytes, text[0]))
    return std::string(1, text[0]) + "*" + std::to_string(bytes);
  return bytes == 0 ? "-" : text;
}

std::string known(const heddle_entity &entity) {
  entities.insert({std::to_string(entity.type), entity});
  typeOfId[entity.id] = entity.type;
  return std::to_string(entity.type);
}

heddle_entity *entityOf(const std::string &word) {
  const auto found = entities.find(word);
  if (found == entities.end()) throw Refused{"unmet"};
  return &found->second;
}

uint32_t subscriptionOf(const std::string &word) {
  const auto found = subscriptions.find(word);
  return found != subscriptions.end() ? found->second : ended[word];
}

std::vector<heddle_partition> partitions() {
  const heddle_partition *found;
  size_t count;
  check(heddle_all_partitions(app, &found, &count));
  return {found, found + count};
}

std::string appOf(uint32_t id) {
  for (const auto &partition : partitions())
    if (partition.id == id) return partition.app_name;
  return "nobody";
}

std::string describe(const heddle_partition &partition) {
  constexpr const char *types[] = {"Spatial", "Service", "Custom"};
  Words words = {partition.app_name, partition.domain_name, types[partition.domain_type]};
  const heddle_box &cell = partition.cell;
  if (partition.has_cell)
    for (float edge : {cell.min_x, cell.min_y, cell.max_x, cell.max_y})
      words.push_back(text(edge));
  return list(words, " ");
}

uint32_t domainOf(const std::string &name) {
  uint32_t domain;
  check(heddle_domain_by_name(app, name.c_str(), &domain));
  return domain;
}

heddle_box boxOf(const Words &words, size_t at) {
  return {number(words[at]), number(words[at + 1]), number(words[at + 2]), number(words[at + 3])};
}

heddle_columns columns() {
  heddle_columns own;
  check(heddle_owned_columns(app, &own));
  return own;
}

uint32_t rowOf(const std::string &word) {
  const heddle_columns own = columns();
  for (uint32_t row = 0; row < own.rows; row++)
    if (own.states[row] != 0 && std::to_string(own.types[row]) == word) return row;
  return NO_ROW;
}

std::vector<uint32_t> rowsOf(const Words &words, size_t from) {
  std::vector<uint32_t> rows;
  for (size_t place = from; place < words.size(); place++) rows.push_back(rowOf(words[place]));
  return rows;
}

/** An own entity's name for each row that holds one, with more behind it. */
std::string each(const std::function<std::string(uint32_t)> &more) {
  const heddle_columns own = columns();
  Words items;
  for (uint32_t row = 0; row < own.rows; row++)
    if (own.states[row] != 0) items.push_back(std::to_string(own.types[row]) + more(row));
  return list(items);
}

std::string typesAt(const uint32_t *rows, size_t count) {
  const heddle_columns own = columns();
  Words items;
  for (size_t place = 0; place < count; place++)
    items.push_back(std::to_string(own.types[rows[place]]));
  return list(items);
}

template <class Kind>
Kind read(const uint8_t *from) {
  Kind value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

Words numbersOf(const Field &field, const uint8_t *value) {
  Words numbers;
  for (const auto &[kind, offset, count] : field.members)
    for (uint32_t place = 0; place < count; place++) {
      const uint8_t *at = value + offset;
      numbers.push_back(text(kind == 'f'   ? read<float>(at + place * 4)
                             : kind == 'd' ? read<double>(at + place * 8)
                             : kind == 'h' ? read<uint16_t>(at + place * 2)
                                           : at[place]));
    }
  return numbers;
}

void writeNumbers(const Field &field, uint8_t *value, const Words &words, size_t from) {
  const auto put = [](uint8_t *at, auto number) { std::memcpy(at, &number, sizeof number); };
  for (const auto &[kind, offset, count] : field.members)
    for (uint32_t place = 0; place < count; place++) {
      const double number = std::strtod(words.at(from++).c_str(), nullptr);
      uint8_t *at = value + offset;
      if (kind == 'f') put(at + place * 4, float(number));
      if (kind == 'd') put(at + place * 8, number);
      if (kind == 'h') put(at + place * 2, uint16_t(number));
      if (kind == 'b') put(at + place, uint8_t(number));
    }
}

heddle_field_column columnOf(const std::string &field) {
  heddle_field_column column;
  check(heddle_field(app, &FIELDS.at(field).shape, &column));
  return column;
}

std::string change(const heddle_change &change) {
  constexpr const char *actions[] = {"None", "Remove", "Add", "Update", "Reject"};
  return actions[change.action] + (" " + known(change.entity));
}

std::string eachNeighbour(const std::string &radius,
                          const std::function<std::string(uint32_t)> &take) {
  heddle_neighbourhood near;
  check(heddle_take_neighbourhood(app, number(radius), true, &near));
  return each([&](uint32_t row) {
    std::map<uint32_t, std::string> sorted;
    for (uint32_t place = near.starts[row]; place < near.starts[row + 1]; place++)
      sorted[near.types[near.list[place]]] = take(near.list[place]);
    std::string joined;
    for (const auto &[type, text] : sorted) joined += " " + std::to_string(type) + text;
    return joined;
  });
}

std::string resolved(const std::string &name, uint32_t partition) {
  endpoints[name] = partition;
  return appOf(partition);
}

std::vector<heddle_message> receive() {
  const heddle_message *messages;
  size_t count;
  check(heddle_receive_messages(app, &messages, &count));
  return {messages, messages + count};
}

/** `ok`, where the call was not refused. */
std::string ok(heddle_error error) {
  check(error);
  return "ok";
}

// --- the calls: words[0] is the first argument

using Call = std::function<std::string(const Words &)>;

std::string metrics() {
  heddle_metrics counts;
  heddle_runtime_metrics(app, &counts);
  const std::pair<const char *, uint32_t> named[] = {
      {"activeEntity", counts.active_entity},
      {"ticksSinceReset", counts.ticks_since_reset},
      {"loadField", counts.load_field},
      {"storeField", counts.store_field},
      {"createdEntity", counts.created_entity},
      {"deletedEntity", counts.deleted_entity},
      {"enteredEntity", counts.entered_entity},
      {"exitedEntity", counts.exited_entity},
      {"rejectedIncomingTransfer", counts.rejected_incoming_transfer},
      {"rejectedOutgoingTransfer", counts.rejected_outgoing_transfer}};
  Words items;
  for (const auto &[name, count] : named) items.push_back(name + ("=" + std::to_string(count)));
  return list(items, " ");
}

std::string fill(const Words &words) {
  for (int made = 0;; made++) {
    heddle_entity entity;
    const heddle_error error = heddle_create_entity(app, whole(words[0]), nullptr, &entity);
    if (error != HEDDLE_OK) return std::to_string(made) + " " + heddle_error_name(error);
  }
}

std::string createMany(const Words &words) {
  std::vector<uint32_t> rows(whole(words[1]) + 1);
  check(heddle_create_entities(app, whole(words[0]), whole(words[1]), rows.data()));
  heddle_entity entity;
  for (uint32_t made = 0; made < whole(words[1]); made++) {
    check(heddle_owned_entity(app, rows[made], &entity));
    known(entity);
  }
  return words[1];
}

std::string rowsOfEntities(const Words &words) {
  std::vector<double> ids;
  for (const auto &word : words) ids.push_back(double(entityOf(word)->id));
  std::vector<int64_t> rows(ids.size());
  check(heddle_rows_of(app, ids.data(), ids.size(), rows.data()));
  Words items;
  for (size_t at = 0; at < rows.size(); at++)
    items.push_back(text(rows[at] >= 0 && rows[at] == int64_t(rowOf(words[at]))));
  return list(items, " ");
}

std::string moved(const Words &words) {
  const uint32_t row = words.empty() ? 0 : rowOf(words[0]);
  return ok(heddle_moved(app, row, words.empty() ? columns().rows : row + 1));
}

std::string stored(const Words &words) {
  const uint32_t row = words.size() < 2 ? 0 : rowOf(words[1]);
  const uint32_t to = words.size() < 2 ? columns().rows : row + 1;
  return ok(heddle_stored(app, &FIELDS.at(words[0]).shape, row, to));
}

std::string sweep(const Words &words) {
  float by[] = {number(words[0]), number(words[1]), number(words[2])};
  const auto body = [](void *context, float *positions, uint32_t from, uint32_t to) {
    for (uint32_t at = from * 3; at < to * 3; at++)
      positions[at] += static_cast<const float *>(context)[at % 3];
  };
  return ok(heddle_sweep(app, body, by));
}

std::string covered(const Words &words) {
  const heddle_covered *found;
  size_t count;
  check(heddle_covered_columns(app, subscriptionOf(words[0]), &found, &count));
  Words items;
  for (size_t at = 0; at < count; at++)
    for (uint32_t entity = 0; entity < found[at].count; entity++) {
      const auto &[row, x, y] = found[at].places[entity];
      const std::string name = found[at].states[row] ? appOf(found[at].partition) : "nowhere";
      items.push_back(list({name, std::to_string(found[at].types[row]), text(x), text(y),
                            text(found[at].positions[row * 3 + 2])},
                           " "));
    }
  return list(items);
}

std::string coveredValues(const Words &words) {
  const Field &field = FIELDS.at(words[1]);
  const heddle_covered *found;
  size_t count;
  check(heddle_covered_columns(app, subscriptionOf(words[0]), &found, &count));
  Words items;
  for (size_t at = 0; at < count; at++) {
    heddle_field_view view;
    check(heddle_covered_field(app, found[at].partition, &field.shape, &view));
    for (uint32_t entity = 0; entity < found[at].count; entity++) {
      const uint32_t row = found[at].places[entity].row;
      const bool has = view.data && view.presence[row] > 0;
      const Words numbers = has ? numbersOf(field, view.data + row * view.stride) : Words{"lacks"};
      items.push_back(std::to_string(found[at].types[row]) + " " + list(numbers, " "));
    }
  }
  return list(items);
}

std::string neighbours(const Words &words) {
  const heddle_neighbour *near;
  size_t count;
  check(heddle_neighbours(app, number(words[0]), number(words[1]), number(words[2]), &near,
                          &count));
  Words items;
  for (size_t at = 0; at < count; at++)
    items.push_back(std::to_string(near[at].entity.type) + " " + place(near[at].position) + " " +
                    appOf(near[at].entity.partition));
  return list(items);
}

std::string neighbourhoodValues(const Words &words) {
  const Field &field = FIELDS.at(words[1]);
  heddle_neighbourhood near;
  heddle_field_view view;
  check(heddle_take_neighbourhood(app, number(words[0]), false, &near));
  check(heddle_neighbourhood_field(app, &field.shape, &view));
  return eachNeighbour(words[0], [&](uint32_t entry) {
    return "=" + list(numbersOf(field, view.data + entry * view.stride), ",");
  });
}

std::string neighbourhoodAt(const Words &words) {
  heddle_neighbourhood near;
  const uint32_t *entries;
  size_t count;
  check(heddle_take_neighbourhood(app, number(words[0]), false, &near));
  check(heddle_neighbourhood_at(app, number(words[1]), number(words[2]), number(words[3]),
                                &entries, &count));
  Words items;
  for (size_t at = 0; at < count; at++) items.push_back(std::to_string(near.types[entries[at]]));
  return list(items);
}

std::string tickRows(const char *which) {
  heddle_tick_rows rows;
  check(heddle_tick_changes(app, &rows));
  if (which[0] == 'a') return typesAt(rows.arrived, rows.arrived_count);
  if (which[0] == 'r') return typesAt(rows.rejected, rows.rejected_count);
  Words items;
  for (size_t at = 0; at < rows.departed_count; at++)
    items.push_back(std::to_string(typeOfId[uint64_t(rows.departed_ids[at])]));
  return list(items);
}

const std::map<std::string, Call> CALLS = {
    {"create-application",
     [](const Words &) {
       heddle_application *second;
       return ok(heddle_create_application(&second));
     }},
    {"attempt", [](const Words &) { return std::to_string(heddle_attempt(app)); }},
    {"assigned",
     [](const Words &) {
       heddle_partition own;
       check(heddle_assigned_partition(app, &own));
       return describe(own);
     }},
    {"partitions",
     [](const Words &) {
       Words items;
       for (const auto &partition : partitions()) items.push_back(describe(partition));
       return list(items);
     }},
    {"port",
     [](const Words &words) {
       uint32_t port;
       check(heddle_ingress_port(app, whole(words[0]), &port));
       return std::string(port > 0 ? "ok" : "none");
     }},
    {"limit",
     [](const Words &words) {
       const std::map<std::string, heddle_limit> kinds = {
           {"EntitiesPerPartition", HEDDLE_ENTITIES_PER_PARTITION},
           {"RemoteEntityTransfers", HEDDLE_REMOTE_ENTITY_TRANSFERS},
           {"LocalEntityTransfers", HEDDLE_LOCAL_ENTITY_TRANSFERS}};
       const auto kind = kinds.find(words[0]);
       uint32_t value;
       check(heddle_runtime_limit(app, kind == kinds.end() ? heddle_limit(99) : kind->second,
                                  &value));
       return std::to_string(value);
     }},
    {"metrics", [](const Words &) { return metrics(); }},
    {"committed-ticks",
     [](const Words &) {
       heddle_metrics counts;
       heddle_runtime_metrics(app, &counts);
       return std::to_string(counts.total_committed_ticks);
     }},
    {"reset-metrics",
     [](const Words &) {
       heddle_reset_runtime_metrics(app);
       return std::string("ok");
     }},
    {"current-tick", [](const Words &) { return text(heddle_current_tick(app) == tickOpen); }},
    {"has-error", [](const Words &) { return text(*heddle_last_error_message(app) != 0); }},
    {"will-block",
     [](const Words &) {
       bool blocks;
       check(heddle_begin_update_will_block(app, &blocks));
       return text(blocks);
     }},
    {"begin", [](const Words &) { return ok(heddle_begin_update(app)); }},
    {"commit", [](const Words &) { return ok(heddle_commit(app)); }},
    {"crash",
     [](const Words &words) {
       if (heddle_attempt(app) == whole(words[0])) kill(getpid(), SIGKILL);
       return std::string("survived");
     }},
    {"create",
     [](const Words &words) {
       heddle_entity entity;
       float at[3];
       for (size_t axis = 1; axis < words.size(); axis++) at[axis - 1] = number(words[axis]);
       check(heddle_create_entity(app, whole(words[0]), words.size() > 1 ? at : nullptr, &entity));
       return known(entity);
     }},
    {"fill", fill},
    {"delete", [](const Words &words) { return ok(heddle_delete_entity(app, entityOf(words[0]))); }},
    {"owned",
     [](const Words &) {
       const uint32_t rows = columns().rows;
       Words items;
       for (uint32_t row = 0; row < rows; row++) {
         heddle_entity entity;
         if (heddle_owned_entity(app, row, &entity) == HEDDLE_OK) items.push_back(known(entity));
       }
       return list(items);
     }},
    {"owned-count", [](const Words &) { return std::to_string(columns().count); }},
    {"store-position",
     [](const Words &words) {
       return ok(heddle_store_position(app, entityOf(words[0]), number(words[1]),
                                       number(words[2]), number(words[3])));
     }},
    {"load-position",
     [](const Words &words) {
       float at[3];
       check(heddle_load_position(app, entityOf(words[0]), at));
       return place(at);
     }},
    {"store-field",
     [](const Words &words) {
       const std::string data = bytesOf(words[3]);
       return ok(heddle_store_field(app, entityOf(words[0]), whole(words[1]), whole(words[2]),
                                    data.data(), data.size()));
     }},
    {"load-field",
     [](const Words &words) {
       uint32_t type;
       const void *data;
       size_t bytes;
       check(heddle_load_field(app, entityOf(words[0]), whole(words[1]), &type, &data, &bytes));
       return std::to_string(type) + " " + textOf(data, bytes);
     }},
    {"load-bytes",
     [](const Words &words) {
       const void *data;
       size_t bytes;
       check(heddle_load_field(app, entityOf(words[0]), whole(words[1]), nullptr, &data, &bytes));
       std::string hexadecimal;
       char digits[3];
       for (size_t at = 0; at < bytes; at++) {
         std::snprintf(digits, sizeof digits, "%02x", static_cast<const uint8_t *>(data)[at]);
         hexadecimal += digits;
       }
       return hexadecimal;
     }},
    {"remove-field",
     [](const Words &words) {
       return ok(heddle_remove_field(app, entityOf(words[0]), whole(words[1])));
     }},
    {"modify-domain",
     [](const Words &words) {
       return ok(heddle_modify_entity_domain(app, entityOf(words[0]), domainOf(words[1])));
     }},
    {"ownership",
     [](const Words &) {
       const heddle_change *changes;
       size_t count;
       check(heddle_ownership_changes(app, &changes, &count));
       Words items;
       for (size_t at = 0; at < count; at++) items.push_back(change(changes[at]));
       return list(items);
     }},
    {"subscribe",
     [](const Words &words) {
       const heddle_box box = boxOf(words, 2);
       uint32_t subscription;
       check(heddle_create_subscription(app, domainOf(words[1]), &box, &subscription));
       subscriptions[words[0]] = subscription;
       return std::string("ok");
     }},
    {"move-subscription",
     [](const Words &words) {
       const heddle_box box = boxOf(words, 1);
       return ok(heddle_modify_subscription(app, subscriptionOf(words[0]), &box));
     }},
    {"unsubscribe",
     [](const Words &words) {
       check(heddle_delete_subscription(app, subscriptionOf(words[0])));
       ended[words[0]] = subscriptionOf(words[0]);
       subscriptions.erase(words[0]);
       return std::string("ok");
     }},
    {"events",
     [](const Words &) {
       const heddle_change *changes;
       size_t count;
       check(heddle_subscription_events(app, &changes, &count));
       Words items;
       for (size_t at = 0; at < count; at++)
         for (const auto &[name, subscription] : subscriptions)
           if (subscription == changes[at].subscription)
             items.push_back(name + " " + change(changes[at]));
       return list(items);
     }},
    {"subscribed",
     [](const Words &words) {
       const heddle_entity *found;
       size_t count;
       check(heddle_subscribed_entities(app, subscriptionOf(words[0]), &found, &count));
       Words items;
       for (size_t at = 0; at < count; at++) items.push_back(known(found[at]));
       return list(items);
     }},
    {"covered", covered},
    {"covered-values", coveredValues},
    {"neighbours", neighbours},
    {"neighbourhood",
     [](const Words &words) { return eachNeighbour(words[0], [](uint32_t) { return ""; }); }},
    {"neighbourhood-values", neighbourhoodValues},
    {"neighbourhood-at", neighbourhoodAt},
    {"resolve-position",
     [](const Words &words) {
       uint32_t partition;
       check(heddle_resolve_position(app, domainOf(words[1]), number(words[2]), number(words[3]),
                                     &partition));
       return resolved(words[0], partition);
     }},
    {"resolve-name",
     [](const Words &words) {
       uint32_t partition;
       check(heddle_resolve_app_name(app, domainOf(words[1]), words[2].c_str(), &partition));
       return resolved(words[0], partition);
     }},
    {"send",
     [](const Words &words) {
       const std::string data = bytesOf(words[1]);
       const uint32_t target = words[0] == "self" ? ownPartition : endpoints.at(words[0]);
       return ok(heddle_send_message(app, target, data.data(), data.size()));
     }},
    {"receive",
     [](const Words &) {
       Words items;
       for (const auto &[sender, data, bytes] : receive())
         items.push_back(appOf(sender) + " " + textOf(data, bytes));
       return list(items);
     }},
    {"reply",
     [](const Words &words) {
       const auto messages = receive();
       for (const auto &message : messages)
         check(heddle_send_message(app, message.sender, words[0].data(), words[0].size()));
       return std::to_string(messages.size());
     }},
    {"columns",
     [](const Words &) {
       return each([](uint32_t row) { return " " + place(columns().positions + row * 3); });
     }},
    {"columns-count", [](const Words &) { return std::to_string(columns().count); }},
    {"create-many", createMany},
    {"delete-many",
     [](const Words &words) {
       const auto rows = rowsOf(words, 0);
       return ok(heddle_delete_entities(app, rows.data(), rows.size()));
     }},
    {"entity-at",
     [](const Words &words) {
       heddle_entity entity;
       check(heddle_owned_entity(app, rowOf(words[0]), &entity));
       return std::to_string(entity.type);
     }},
    {"rows-of", rowsOfEntities},
    {"arrived", [](const Words &) { return tickRows("arrived"); }},
    {"departed", [](const Words &) { return tickRows("departed"); }},
    {"rejected", [](const Words &) { return tickRows("rejected"); }},
    {"write-position",
     [](const Words &words) {
       float *at = columns().positions + rowOf(words[0]) * 3;
       for (int axis = 0; axis < 3; axis++) at[axis] = number(words[size_t(axis) + 1]);
       return std::string("ok");
     }},
    {"moved", moved},
    {"moved-rows",
     [](const Words &words) { return ok(heddle_moved(app, whole(words[0]), whole(words[1]))); }},
    {"touched",
     [](const Words &words) {
       const auto rows = rowsOf(words, 0);
       return ok(heddle_touched_rows(app, rows.data(), rows.size()));
     }},
    {"sweep", sweep},
    {"write-value",
     [](const Words &words) {
       const heddle_field_column column = columnOf(words[0]);
       uint8_t *value = column.data + uint64_t(rowOf(words[1])) * column.stride;
       writeNumbers(FIELDS.at(words[0]), value, words, 2);
       return std::string("ok");
     }},
    {"values",
     [](const Words &words) {
       const heddle_field_column column = columnOf(words[0]);
       return each([&](uint32_t row) {
         if (column.presence[row] == 0) return std::string(" lacks");
         return " " + list(numbersOf(FIELDS.at(words[0]), column.data + row * column.stride), " ");
       });
     }},
    {"presence",
     [](const Words &words) {
       const heddle_field_column column = columnOf(words[0]);
       return each([&](uint32_t row) { return " " + std::to_string(column.presence[row]); });
     }},
    {"stored", stored},
    {"give",
     [](const Words &words) {
       const auto rows = rowsOf(words, 1);
       return ok(heddle_give(app, &FIELDS.at(words[0]).shape, rows.data(), rows.size()));
     }},
    {"take",
     [](const Words &words) {
       const auto rows = rowsOf(words, 1);
       return ok(heddle_take(app, FIELDS.at(words[0]).shape.index, rows.data(), rows.size()));
     }},
};

// --- the ticks

struct Line {
  int number;
  std::string name;
  Words words;
};
struct Tick {
  bool clean;
  std::vector<Line> lines;
};

std::map<uint64_t, Tick> readTicks(const char *file, const std::string &own) {
  std::map<uint64_t, Tick> found;
  std::ifstream lines(file);
  std::string line;
  uint64_t tick = 0;
  for (int number = 1; std::getline(lines, line); number++) {
    std::istringstream parts(line.substr(0, line.find(" -> ")));
    Words words;
    for (std::string word; parts >> word;) words.push_back(word);
    if (words.empty()) continue;
    if (words[0] == "scenario" || words[0] == "tick") found[++tick].clean = words[0] != "tick";
    if (words[0] == own)
      found[tick].lines.push_back({number, words[1], {words.begin() + 2, words.end()}});
  }
  return found;
}

void answer(const Line &line) {
  const auto call = CALLS.find(line.name);
  try {
    print(line.number, call == CALLS.end() ? "unsupported" : call->second(line.words));
  } catch (const Refused &refused) {
    print(line.number, refused.answer);
  }
}

/** Nothing of a scenario is left for the next one. */
void cleanUp() {
  CALLS.at("ownership")({});
  receive();
  for (const auto &[name, subscription] : subscriptions)
    check(heddle_delete_subscription(app, subscription));
  for (uint32_t row = 0; row < columns().rows; row++) {
    heddle_entity entity;
    if (heddle_owned_entity(app, row, &entity) == HEDDLE_OK)
      check(heddle_delete_entity(app, &entity));
  }
  subscriptions.clear();
  ended.clear();
  entities = {{"nobody", NOBODY}};
  heddle_reset_runtime_metrics(app);
}

}  // namespace

int main(int, char **words) {
  heddle_error error = heddle_create_application(&app);
  if (error != HEDDLE_OK) {
    print(0, heddle_error_name(error));
    return 1;
  }
  heddle_partition own;
  check(heddle_assigned_partition(app, &own));
  ownPartition = own.id;
  entities = {{"nobody", NOBODY}};
  auto ticks = readTicks(words[1], own.app_name);
  while ((error = heddle_begin_update(app)) == HEDDLE_OK) {
    tickOpen = heddle_current_tick(app);
    const Tick &tick = ticks[tickOpen];
    if (tick.clean) cleanUp();
    for (const Line &line : tick.lines) answer(line);
    const heddle_error committed = heddle_commit(app);
    if (committed != HEDDLE_INVALID_STATE) check(committed);
  }
  print(0, heddle_error_name(error));
  heddle_destroy_application(app);
}
