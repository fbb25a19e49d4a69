// The driver in C++: makes an app's calls of the scenarios, tick by tick, and prints each answer as
// `<line>: <answer>`. Owns how calls are spelled in this language; ../README.md says what each call
// does and answers. Never knows what is expected.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <heddle/heddle.hpp>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;

struct Body {
  std::uint16_t health;
  double heading;
  std::uint8_t colour[3];
};
HEDDLE_SHAPE(Body, health, heading, colour);

const heddle::Field<std::array<float, 2>> velocity(9, 900);
const heddle::Field<Body> body(10, 901);
const heddle::Field<std::array<std::uint8_t, 100>> wide(11, 902);
constexpr std::uint32_t NO_ROW = 1000000;

heddle::Application* application;
heddle::Transaction* transaction;
std::uint32_t ownPartition;
std::map<std::string, heddle::Entity> entities;
std::map<std::uint64_t, std::uint32_t> typeOfId;
std::map<std::string, heddle::Subscription> subscriptions;
/** Deleted ones: scenarios ask of them once more. */
std::map<std::string, heddle::Subscription> ended;
std::map<std::string, heddle::Endpoint> endpoints = {{"nobody", heddle::Endpoint{9999}}};

std::optional<heddle::Neighbourhood> picture;

/** An entity that this app has not met. */
struct Unmet {};

void print(int line, const std::string& text) {
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

std::string text(heddle::ErrorCode code) { return heddle_error_name(heddle_error(code)); }

std::string joined(const Words& items, const char* separator = ", ") {
  std::string all;
  for (const auto& item : items) all += (all.empty() ? "" : separator) + item;
  return all.empty() ? "none" : all;
}

std::string text(const heddle::Position& at) {
  return joined({text(at.x), text(at.y), text(at.z)}, " ");
}

/** The texts of a range's items. */
template <class Range, class Take>
std::string list(const Range& range, Take take) {
  Words items;
  for (const auto& item : range) items.push_back(take(item));
  return joined(items);
}

float number(const std::string& word) { return std::strtof(word.c_str(), nullptr); }
std::uint32_t whole(const std::string& word) { return std::uint32_t(std::stoul(word)); }

heddle::Position place(const Words& words, std::size_t from) {
  return {number(words[from]), number(words[from + 1]), number(words[from + 2])};
}

heddle::Bounds box(const Words& words, std::size_t from) {
  return {number(words[from]), number(words[from + 1]), number(words[from + 2]),
          number(words[from + 3])};
}

using Bytes = std::vector<std::uint8_t>;

/** `hello`, `x*20` for 20 times x, `-` for no bytes. */
Bytes bytesOf(const std::string& word) {
  if (word.size() > 2 && word[1] == '*')
    return Bytes(std::stoul(word.substr(2)), std::uint8_t(word[0]));
  return word == "-" ? Bytes() : Bytes(word.begin(), word.end());
}

std::string textOf(heddle::Span<const std::uint8_t> data) {
  const std::string text(data.begin(), data.end());
  if (text.size() > 8 && text == std::string(text.size(), text[0]))
    return std::string(1, text[0]) + "*" + std::to_string(text.size());
  return text.empty() ? "-" : text;
}

std::string known(const heddle::Entity& entity) {
  entities.insert({std::to_string(entity.type()), entity});
  typeOfId[entity.id()] = entity.type();
  return std::to_string(entity.type());
}

const heddle::Entity& entityOf(const std::string& word) {
  const auto found = entities.find(word);
  if (found == entities.end()) throw Unmet{};
  return found->second;
}

heddle::Subscription subscriptionOf(const std::string& word) {
  const auto found = subscriptions.find(word);
  return found != subscriptions.end() ? found->second : ended[word];
}

std::string appOf(std::uint32_t partition) {
  for (const auto& found : application->allPartitions())
    if (found.id == partition) return found.appName;
  return "nobody";
}

std::string describe(const heddle::Partition& partition) {
  constexpr const char* types[] = {"Spatial", "Service", "Custom"};
  Words words = {partition.appName, partition.domain, types[int(partition.domainType)]};
  if (const auto& edges = partition.bounds)
    for (float edge : {edges->minX, edges->minY, edges->maxX, edges->maxY})
      words.push_back(text(edge));
  return joined(words, " ");
}

std::string kindOf(heddle::ChangeKind kind) {
  constexpr const char* kinds[] = {"None", "Remove", "Add", "Update", "Reject"};
  return kinds[int(kind)];
}

heddle::Owned owned() { return transaction->owned(); }

std::uint32_t rowOf(const std::string& word) {
  const auto types = owned().types();
  const auto states = owned().states();
  for (std::uint32_t row = 0; row < types.size(); row++)
    if (states[row] != 0 && std::to_string(types[row]) == word) return row;
  return NO_ROW;
}

std::vector<std::uint32_t> rowsOf(const Words& words, std::size_t from = 0) {
  std::vector<std::uint32_t> rows;
  for (std::size_t at = from; at < words.size(); at++) rows.push_back(rowOf(words[at]));
  return rows;
}

/** An own entity's name for each row that holds one, with more behind it. */
std::string each(const std::function<std::string(std::uint32_t)>& more) {
  const auto types = owned().types();
  const auto states = owned().states();
  Words items;
  for (std::uint32_t row = 0; row < types.size(); row++)
    if (states[row] != 0) items.push_back(std::to_string(types[row]) + more(row));
  return joined(items);
}

std::string typesAt(heddle::Rows rows) {
  const auto types = owned().types();
  return list(rows, [&](std::uint32_t row) { return std::to_string(types[row]); });
}

// --- fields with a shape

template <class Call>
auto withField(const std::string& name, Call call) {
  return name == "velocity" ? call(velocity) : name == "body" ? call(body) : call(wide);
}

template <class Number, std::size_t Count>
Words numbersOf(const std::array<Number, Count>& value) {
  Words numbers;
  for (const Number number : value) numbers.push_back(text(double(number)));
  return numbers;
}

Words numbersOf(const Body& value) {
  Words numbers = {text(double(value.health)), text(value.heading)};
  for (const std::uint8_t part : value.colour) numbers.push_back(text(double(part)));
  return numbers;
}

template <class Number, std::size_t Count>
void write(std::array<Number, Count>& value, const Words& words, std::size_t from) {
  for (Number& part : value) part = Number(number(words.at(from++)));
}

void write(Body& value, const Words& words, std::size_t from) {
  value.health = std::uint16_t(whole(words[from]));
  value.heading = std::strtod(words[from + 1].c_str(), nullptr);
  for (int part = 0; part < 3; part++)
    value.colour[part] = std::uint8_t(whole(words[from + 2 + std::size_t(part)]));
}

// --- the calls: w[0] is the first argument

std::string metrics() {
  const heddle::RuntimeMetrics counts = application->runtimeMetrics();
  const std::pair<const char*, std::uint32_t> named[] = {
      {"activeEntity", counts.activeEntity},
      {"ticksSinceReset", counts.ticksSinceReset},
      {"loadField", counts.loadField},
      {"storeField", counts.storeField},
      {"createdEntity", counts.createdEntity},
      {"deletedEntity", counts.deletedEntity},
      {"enteredEntity", counts.enteredEntity},
      {"exitedEntity", counts.exitedEntity},
      {"rejectedIncomingTransfer", counts.rejectedIncomingTransfer},
      {"rejectedOutgoingTransfer", counts.rejectedOutgoingTransfer}};
  Words items;
  for (const auto& [name, count] : named) items.push_back(name + ("=" + std::to_string(count)));
  return joined(items, " ");
}

std::uint32_t limit(const std::string& word) {
  constexpr const char* kinds[] = {"EntitiesPerPartition", "RemoteEntityTransfers",
                                   "LocalEntityTransfers"};
  for (int kind = 0; kind < 3; kind++)
    if (word == kinds[kind]) return application->runtimeLimit(heddle::RuntimeLimitKind(kind + 1));
  return application->runtimeLimit(heddle::RuntimeLimitKind(99));
}

std::string fill(const Words& w) {
  for (int made = 0;; made++) try {
      transaction->createEntity(whole(w[0]));
    } catch (const heddle::Error& error) {
      return std::to_string(made) + " " + text(error.code());
    }
}

std::string loadBytes(const Words& w) {
  std::string hexadecimal;
  char digits[3];
  for (const std::uint8_t byte : transaction->loadEntityField(entityOf(w[0]), whole(w[1])).data) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hexadecimal += digits;
  }
  return hexadecimal;
}

std::string createMany(const Words& w) {
  const auto rows = owned().create(whole(w[0]), whole(w[1]));
  for (const std::uint32_t row : rows) known(owned().entity(row));
  return std::to_string(rows.size());
}

std::string rowsOfEntities(const Words& w) {
  std::vector<double> ids;
  for (const auto& word : w) ids.push_back(double(entityOf(word).id()));
  const auto rows = owned().rowsOf(ids);
  Words items;
  for (std::size_t at = 0; at < rows.size(); at++)
    items.push_back(text(rows[at] >= 0 && rows[at] == std::int64_t(rowOf(w[at]))));
  return joined(items, " ");
}

std::string covered(const Words& w) {
  Words items;
  for (const heddle::Covered& part : transaction->covered(subscriptionOf(w[0])))
    for (const auto& [row, x, y] : part.places()) {
      const std::string app = part.states()[row] ? appOf(part.partition()) : "nowhere";
      items.push_back(joined({app, std::to_string(part.types()[row]), text(x), text(y),
                              text(part.positions()[row].z)},
                             " "));
    }
  return joined(items);
}

std::string coveredValues(const Words& w) {
  return withField(w[1], [&](const auto& field) {
    Words items;
    for (const heddle::Covered& part : transaction->covered(subscriptionOf(w[0]))) {
      const auto column = part.field(field);
      for (const auto& at : part.places()) {
        const bool has = column && column.has(at.row);
        const Words numbers = has ? numbersOf(column[at.row]) : Words{"lacks"};
        items.push_back(std::to_string(part.types()[at.row]) + " " + joined(numbers, " "));
      }
    }
    return joined(items);
  });
}

std::string eachNeighbour(const std::string& radius,
                          const std::function<std::string(std::uint32_t)>& more) {
  const heddle::Neighbourhood near = transaction->neighbourhood(number(radius));
  picture = near;
  return each([&](std::uint32_t row) {
    Words items;
    for (const std::uint32_t entry : near.of(row))
      items.push_back(" " + std::to_string(near.types()[entry]) + more(entry));
    std::sort(items.begin(), items.end());
    return items.empty() ? "" : joined(items, "");
  });
}

std::string neighbourhoodValues(const Words& w) {
  return withField(w[1], [&](const auto& field) {
    const auto column = transaction->neighbourhood(number(w[0]), false).field(field);
    return eachNeighbour(w[0], [&](std::uint32_t entry) {
      return "=" + joined(numbersOf(column[entry]), ",");
    });
  });
}

std::string neighbourhoodAt(const Words& w) {
  const auto near = transaction->neighbourhood(number(w[0]), false);
  return list(near.at(number(w[1]), number(w[2]), number(w[3])),
              [&](std::uint32_t entry) { return std::to_string(near.types()[entry]); });
}

std::string resolved(const std::string& name, heddle::Endpoint endpoint) {
  endpoints[name] = endpoint;
  return appOf(endpoint.partition);
}

std::string reply(const Words& w) {
  std::vector<heddle::Endpoint> senders;
  for (const auto& message : transaction->receiveMessages()) senders.push_back(message.sender);
  for (const auto sender : senders) transaction->sendMessage(sender, bytesOf(w[0]));
  return std::to_string(senders.size());
}

void moved(const Words& w) {
  if (w.empty()) return owned().moved();
  const std::uint32_t row = rowOf(w[0]);
  owned().moved(row, row + 1);
}

void stored(const Words& w) {
  withField(w[0], [&](const auto& field) {
    if (w.size() == 1) return owned().stored(field);
    const std::uint32_t row = rowOf(w[1]);
    owned().stored(field, row, row + 1);
  });
}

void sweep(const Words& w) {
  const heddle::Position by = place(w, 0);
  owned().sweep([&](heddle::Position* positions, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t row = from; row < to; row++) {
      positions[row].x += by.x;
      positions[row].y += by.y;
      positions[row].z += by.z;
    }
  });
}

std::string values(const Words& w) {
  return withField(w[0], [&](const auto& field) {
    const auto column = owned().field(field);
    return each([&](std::uint32_t row) {
      return " " + (column.has(row) ? joined(numbersOf(column[row]), " ") : "lacks");
    });
  });
}

/** The face says only whether an entity has a field: then its value has the shape's size. */
std::string presence(const Words& w) {
  return withField(w[0], [&](const auto& field) {
    const auto column = owned().field(field);
    return each([&](std::uint32_t row) {
      return " " + std::to_string(column.has(row) ? sizeof column[row] + 1 : 0);
    });
  });
}

using Call = std::function<std::string(const Words&)>;

/** A call that answers nothing. */
template <class Make>
Call ok(Make make) {
  return [make](const Words& w) {
    make(w);
    return std::string("ok");
  };
}

const std::map<std::string, Call> CALLS = {
    {"create-application", ok([](const Words&) { heddle::createApplication(); })},
    {"attempt", [](const Words&) { return std::to_string(application->attempt()); }},
    {"assigned", [](const Words&) { return list(application->assignedPartitions(), describe); }},
    {"partitions", [](const Words&) { return list(application->allPartitions(), describe); }},
    {"port", ok([](const Words& w) { application->ingressPort(whole(w[0])); })},
    {"limit", [](const Words& w) { return std::to_string(limit(w[0])); }},
    {"metrics", [](const Words&) { return metrics(); }},
    {"committed-ticks",
     [](const Words&) {
       return std::to_string(application->runtimeMetrics().totalCommittedTicks);
     }},
    {"reset-metrics", ok([](const Words&) { application->resetRuntimeMetrics(); })},
    {"current-tick",
     [](const Words&) { return text(application->currentTick() == transaction->tick()); }},
    {"has-error", [](const Words&) { return text(!application->lastErrorMessage().empty()); }},
    {"will-block", [](const Words&) { return text(application->beginUpdateWillBlock()); }},
    {"begin", ok([](const Words&) { application->beginUpdate(); })},
    {"commit", ok([](const Words&) { transaction->commit(); })},
    {"crash",
     [](const Words& w) {
       if (application->attempt() == whole(w[0])) kill(getpid(), SIGKILL);
       return "survived";
     }},
    {"create",
     [](const Words& w) {
       const std::uint32_t type = whole(w[0]);
       return known(w.size() > 1 ? transaction->createEntity(type, place(w, 1))
                                 : transaction->createEntity(type));
     }},
    {"fill", fill},
    {"delete", ok([](const Words& w) { transaction->deleteEntity(entityOf(w[0])); })},
    {"owned", [](const Words&) { return list(transaction->ownedEntities(), known); }},
    {"owned-count", [](const Words&) { return std::to_string(transaction->ownedEntityCount()); }},
    {"store-position", ok([](const Words& w) {
       transaction->storeEntityIndexKey(entityOf(w[0]), place(w, 1));
     })},
    {"load-position",
     [](const Words& w) { return text(transaction->loadEntityIndexKey(entityOf(w[0]))); }},
    {"store-field", ok([](const Words& w) {
       transaction->storeEntityField(entityOf(w[0]), whole(w[1]), whole(w[2]), bytesOf(w[3]));
     })},
    {"load-field",
     [](const Words& w) {
       const auto [type, data] = transaction->loadEntityField(entityOf(w[0]), whole(w[1]));
       return std::to_string(type) + " " + textOf(data);
     }},
    {"load-bytes", loadBytes},
    {"remove-field",
     ok([](const Words& w) { transaction->removeEntityField(entityOf(w[0]), whole(w[1])); })},
    {"modify-domain",
     ok([](const Words& w) { transaction->modifyEntityDomain(entityOf(w[0]), w[1]); })},
    {"ownership",
     [](const Words&) {
       return list(transaction->ownershipChanges(), [](const heddle::OwnershipChange& change) {
         return kindOf(change.kind) + " " + known(change.entity);
       });
     }},
    {"subscribe", ok([](const Words& w) {
       subscriptions[w[0]] = transaction->createSubscriptionBoundingBox2F32(w[1], box(w, 2));
     })},
    {"move-subscription", ok([](const Words& w) {
       transaction->modifySubscriptionBoundingBox2F32(subscriptionOf(w[0]), box(w, 1));
     })},
    {"unsubscribe", ok([](const Words& w) {
       transaction->deleteSubscription(subscriptionOf(w[0]));
       ended[w[0]] = subscriptionOf(w[0]);
       subscriptions.erase(w[0]);
     })},
    {"events",
     [](const Words&) {
       return list(transaction->allSubscriptionEvents(), [](const auto& event) {
         const auto isOf = [&](const auto& one) { return one.second == event.subscription; };
         const auto found = std::find_if(subscriptions.begin(), subscriptions.end(), isOf);
         return found->first + " " + kindOf(event.kind) + " " + known(event.entity);
       });
     }},
    {"subscribed",
     [](const Words& w) {
       return list(transaction->subscribedEntities(subscriptionOf(w[0])), known);
     }},
    {"covered", covered},
    {"covered-values", coveredValues},
    {"neighbours",
     [](const Words& w) {
       const auto near = transaction->neighbours(number(w[0]), number(w[1]), number(w[2]));
       return list(near, [](const heddle::Neighbour& one) {
         return joined({std::to_string(one.entity.type()), text(one.position),
                        appOf(one.entity.native()->partition)},
                       " ");
       });
     }},
    {"neighbourhood",
     [](const Words& w) { return eachNeighbour(w[0], [](std::uint32_t) { return ""; }); }},
    {"neighbourhood-values", neighbourhoodValues},
    {"last-picture", ok([](const Words& w) {
       withField(w[0], [](const auto& field) { picture->field(field); });
     })},
    {"neighbourhood-at", neighbourhoodAt},
    {"resolve-position",
     [](const Words& w) {
       return resolved(
           w[0], transaction->resolveEndpointByPosition(w[1], number(w[2]), number(w[3])));
     }},
    {"resolve-name",
     [](const Words& w) {
       return resolved(w[0], transaction->resolveEndpointByAppName(w[1], w[2]));
     }},
    {"send", ok([](const Words& w) {
       const heddle::Endpoint self{ownPartition};
       transaction->sendMessage(w[0] == "self" ? self : endpoints.at(w[0]), bytesOf(w[1]));
     })},
    {"receive",
     [](const Words&) {
       return list(transaction->receiveMessages(), [](const heddle::Message& message) {
         return appOf(message.sender.partition) + " " + textOf(message.payload);
       });
     }},
    {"reply", reply},
    {"columns",
     [](const Words&) {
       const auto positions = owned().positions();
       return each([&](std::uint32_t row) { return " " + text(positions[row]); });
     }},
    {"columns-count", [](const Words&) { return std::to_string(owned().count()); }},
    {"create-many", createMany},
    {"delete-many", ok([](const Words& w) { owned().deleteRows(rowsOf(w)); })},
    {"entity-at",
     [](const Words& w) { return std::to_string(owned().entity(rowOf(w[0])).type()); }},
    {"rows-of", rowsOfEntities},
    {"arrived", [](const Words&) { return typesAt(owned().arrivedRows()); }},
    {"departed",
     [](const Words&) {
       return list(owned().departedIds(),
                   [](double id) { return std::to_string(typeOfId[std::uint64_t(id)]); });
     }},
    {"rejected", [](const Words&) { return typesAt(owned().rejectedRows()); }},
    {"write-position",
     ok([](const Words& w) { owned().positions()[rowOf(w[0])] = place(w, 1); })},
    {"moved", ok(moved)},
    {"moved-rows", ok([](const Words& w) { owned().moved(whole(w[0]), whole(w[1])); })},
    {"touched", ok([](const Words& w) { owned().touched(rowsOf(w)); })},
    {"sweep", ok(sweep)},
    {"write-value", ok([](const Words& w) {
       withField(w[0], [&](const auto& field) {
         const auto column = owned().field(field);
         write(column[rowOf(w[1])], w, 2);
       });
     })},
    {"values", values},
    {"presence", presence},
    {"stored", ok(stored)},
    {"give", ok([](const Words& w) {
       withField(w[0], [&](const auto& field) { owned().give(field, rowsOf(w, 1)); });
     })},
    {"take", ok([](const Words& w) {
       withField(w[0], [&](const auto& field) { owned().take(field, rowsOf(w, 1)); });
     })},
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

std::map<std::uint64_t, Tick> readTicks(const char* file, const std::string& own) {
  std::map<std::uint64_t, Tick> found;
  std::ifstream lines(file);
  std::string line;
  std::uint64_t tick = 0;
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

void answer(const Line& line) {
  const auto call = CALLS.find(line.name);
  try {
    print(line.number, call == CALLS.end() ? "unsupported" : call->second(line.words));
  } catch (const heddle::Error& error) {
    print(line.number, text(error.code()));
  } catch (const Unmet&) {
    print(line.number, "unmet");
  }
}

/** Nothing of a scenario is left for the next one. */
void cleanUp() {
  transaction->ownershipChanges();
  transaction->receiveMessages();
  for (const auto& [name, subscription] : subscriptions)
    transaction->deleteSubscription(subscription);
  for (const auto& entity : transaction->ownedEntities()) transaction->deleteEntity(entity);
  subscriptions.clear();
  ended.clear();
  entities = {{"nobody", heddle::Entity(12345678)}};
  application->resetRuntimeMetrics();
}

void play(heddle::Application& app, const char* file) {
  application = &app;
  const heddle::Partition own = app.assignedPartitions()[0];
  ownPartition = own.id;
  entities = {{"nobody", heddle::Entity(12345678)}};
  auto ticks = readTicks(file, own.appName);
  for (;;) {
    heddle::Transaction open = app.beginUpdate();
    transaction = &open;
    const Tick& tick = ticks[open.tick()];
    if (tick.clean) cleanUp();
    for (const Line& line : tick.lines) answer(line);
    if (open.isOpen()) open.commit();
  }
}

}  // namespace

int main(int, char** words) {
  std::optional<heddle::Application> app;
  try {
    app.emplace(heddle::createApplication());
    play(*app, words[1]);
  } catch (const heddle::Error& error) {
    print(0, text(error.code()));
    if (!app) return 1;
    app->destroy();
  }
}
