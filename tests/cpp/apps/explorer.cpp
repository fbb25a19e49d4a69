// A custom app beside the drifters of domain Cells that makes each call of Heddle's own face, in
// order and out of order. It prints a line for each answer that is not the expected one, and at
// last `all calls made, 0 faults`.

#include <cstdio>
#include <heddle/heddle.hpp>
#include <unordered_map>
#include <unordered_set>

namespace {

int faults = 0;

void expect(bool holds, const char* what, int line) {
  if (holds) return;
  faults++;
  std::printf("fault: line %d: %s\n", line, what);
}
#define EXPECT(...) expect((__VA_ARGS__), #__VA_ARGS__, __LINE__)

/** Whether a call is refused with this code, and says these words. */
template <class Call>
bool refuses(heddle::ErrorCode code, const char* words, Call call) {
  try {
    call();
  } catch (const heddle::Error& error) {
    return error.code() == code && std::strstr(error.what(), words);
  }
  return false;
}

using heddle::ChangeKind;
using heddle::ErrorCode;

struct Note {
  std::uint32_t number;
  float weight;
};
HEDDLE_SHAPE(Note, number, weight);
const heddle::Field<Note> note{3, 700};
const heddle::Field<std::array<std::uint8_t, 4>> colour{4, 701};
constexpr heddle::Bounds ALL{-1000, -1000, 1000, 1000};

struct Explorer {
  heddle::Application& application;
  heddle::Subscription all{};
  heddle::Entity sent{};
  std::unordered_map<heddle::Entity, int> updates{};
  std::unordered_set<std::uint64_t> seen{};
  bool hasGone = false;
  bool hasArrived = false;

  void begin(heddle::Transaction& transaction) {
    const auto own = application.assignedPartitions().front();
    EXPECT(!own.bounds && own.domainType == heddle::DomainType::Custom);
    EXPECT(own.domain == "Explorers" && own.appName == "explorer");
    EXPECT(application.allPartitions().size() >= 5);
    EXPECT(refuses(ErrorCode::NotFound, "ingress port", [&] { application.ingressPort(80); }));
    EXPECT(refuses(ErrorCode::InvalidArgument, "511", [&] { transaction.createEntity(511); }));
    sent = transaction.createEntity(900, {1.5f, 2.5f, 3.5f});
    EXPECT(transaction.loadEntityIndexKey(sent).z == 3.5f);
    transaction.storeEntityIndexKey(sent, {4, 5, 6});
    EXPECT(transaction.loadEntityIndexKey(heddle::Entity(sent.id())).x == 4);
    EXPECT(refuses(ErrorCode::InvalidArgument, "outside", [&] {
      transaction.storeEntityIndexKey(sent, {1e9f, 0, 0});
    }));
    transaction.storeEntityField(sent, note, {7, 0.5f});
    EXPECT(transaction.loadEntityField(sent, note).weight == 0.5f);
    EXPECT(transaction.loadEntityField(sent, 3).typeId == 700);
    EXPECT(refuses(ErrorCode::NotFound, "no field 4",
                   [&] { transaction.loadEntityField(sent, colour); }));
    const std::vector<std::uint8_t> bytes{1, 2, 3};
    transaction.storeEntityField(sent, 4, 701, bytes);
    EXPECT(transaction.loadEntityField(sent, 4).data[2] == 3);
    EXPECT(refuses(ErrorCode::InvalidState, "3 bytes, not 4",
                   [&] { transaction.loadEntityField(sent, colour); }));
    transaction.removeEntityField(sent, 4);
    EXPECT(refuses(ErrorCode::NotFound, "no field 4",
                   [&] { transaction.removeEntityField(sent, 4); }));
    const auto brief = transaction.createEntity(901);
    EXPECT(transaction.ownedEntities().size() == 2 && transaction.ownedEntityCount() == 2);
    transaction.deleteEntity(brief);
    EXPECT(refuses(ErrorCode::NotFound, "entity", [&] { transaction.deleteEntity(brief); }));
    EXPECT(refuses(ErrorCode::InvalidArgument, "no domain 'Sells'",
                   [&] { transaction.modifyEntityDomain(sent, "Sells"); }));
    columns(transaction.owned());
    transaction.modifyEntityDomain(sent, "Cells");
    all = transaction.createSubscriptionBoundingBox2F32("Cells", {0, 0, 1, 1});
    transaction.modifySubscriptionBoundingBox2F32(all, ALL);
    EXPECT(refuses(ErrorCode::InvalidArgument, "not a box", [&] {
      transaction.createSubscriptionBoundingBox2F32("Cells", {1, 0, 0, 0});
    }));
    EXPECT(refuses(ErrorCode::NotFound, "no subscription 77",
                   [&] { transaction.deleteSubscription({77}); }));
  }

  void columns(const heddle::Owned& owned) {
    const auto rows = owned.create(902, 20);
    owned.give(colour, rows);
    const auto colours = owned.field(colour);
    EXPECT(colours.has(rows[3]) && colours[rows[3]][0] == 0);
    EXPECT(colours.values().size() == owned.rows());
    owned.take(colour, {rows.data(), 5});
    EXPECT(!owned.field(colour).has(rows[3]) && owned.field(colour).has(rows[6]));
    for (const auto row : rows) owned.positions()[row] = {float(row), 1, 2};
    owned.touched(rows);
    owned.moved(0, owned.rows());
    std::uint32_t swept = 0;
    owned.sweep([&](heddle::Position* positions, std::uint32_t from, std::uint32_t to) {
      for (auto row = from; row < to; row++) positions[row].y += 1;
      swept += to - from;
    });
    EXPECT(swept == owned.rows() && owned.positions()[rows[4]].y == 2);
    bool isThrown = false;
    try {
      owned.sweep([](heddle::Position*, std::uint32_t, std::uint32_t) { throw 7; });
    } catch (int thrown) {
      isThrown = thrown == 7;
    }
    EXPECT(isThrown);
    const double ids[] = {owned.ids()[rows[2]], 12345};
    EXPECT(owned.rowsOf({ids, 2}) == std::vector<std::int64_t>{rows[2], -1});
    EXPECT(owned.entity(rows[2]).type() == 902 && owned.types()[rows[2]] == 902);
    EXPECT(refuses(ErrorCode::NotFound, "row 100000", [&] { owned.entity(100000); }));
    owned.deleteRows(rows);
    EXPECT(refuses(ErrorCode::NotFound, "row", [&] { owned.deleteRows(rows); }));
    EXPECT(owned.count() == 1 && owned.states()[rows[0]] == 0);
    EXPECT(owned.arrivedRows().empty() && owned.departedRows().empty());
    EXPECT(owned.departedIds().empty() && owned.rejectedRows().empty());
  }

  void look(heddle::Transaction& transaction) {
    for (const auto& change : transaction.ownershipChanges())
      if (change.kind == ChangeKind::Remove && change.entity == sent) hasGone = true;
    for (const auto& event : transaction.allSubscriptionEvents()) {
      EXPECT(event.subscription == all);
      if (event.kind == ChangeKind::Add) seen.insert(event.entity.id());
      if (event.kind == ChangeKind::Add && event.entity == sent) hasArrived = true;
      if (event.kind == ChangeKind::Update) updates[event.entity]++;
      if (event.kind == ChangeKind::Remove) seen.erase(event.entity.id());
    }
    EXPECT(transaction.allSubscriptionEvents().empty());
    const auto inside = transaction.subscribedEntities(all);
    EXPECT(inside.size() == seen.size());
    std::size_t covered = 0;
    for (const auto& part : transaction.covered(all)) {
      covered += part.places().size();
      for (const auto& place : part.places()) {
        EXPECT(seen.count(std::uint64_t(part.ids()[place.row])) == 1 &&
               part.states()[place.row] != 0);
        EXPECT(part.positions()[place.row].x == place.x && part.types()[place.row] >= 512);
      }
    }
    EXPECT(covered == seen.size());
    if (inside.empty()) return;
    const auto someone = inside[0];
    const auto at = transaction.loadEntityIndexKey(someone);
    EXPECT(refuses(ErrorCode::NotOwned, "belongs to another",
                   [&] { transaction.storeEntityIndexKey(someone, at); }));
    bool isThere = false;
    for (const auto& neighbour : transaction.neighbours(at.x, at.y, 10))
      isThere = isThere || (neighbour.entity == someone && neighbour.position.x == at.x);
    EXPECT(isThere);
    const auto picture = transaction.neighbourhood(30, false);
    bool isInPicture = false;
    for (const auto entry : picture.at(at.x, at.y, 10))
      isInPicture = isInPicture || picture.ids()[entry] == double(someone.id());
    EXPECT(isInPicture && picture.count() >= seen.size());
  }

  void talk(heddle::Transaction& transaction) {
    const auto cell = transaction.resolveEndpointByPosition("Cells", 1, 1);
    EXPECT(cell == transaction.resolveEndpointByAppName("Cells", "Cells-1-1"));
    EXPECT(refuses(ErrorCode::NotFound, "nobody",
                   [&] { transaction.resolveEndpointByAppName("Cells", "nobody"); }));
    transaction.sendMessage(cell, Note{1, 2});
    const heddle::Endpoint self{application.assignedPartitions().front().id};
    EXPECT(refuses(ErrorCode::InvalidArgument, "own partition",
                   [&] { transaction.sendMessage(self, 1); }));
    EXPECT(transaction.receiveMessages().empty());
  }

  void finish(heddle::Transaction& over) {
    EXPECT(refuses(ErrorCode::InvalidState, "the transaction is over", [&] { over.commit(); }));
    EXPECT(refuses(ErrorCode::InvalidState, "the transaction is over", [&] { over.owned(); }));
    EXPECT(over.tick() - application.currentTick() <= 1 && application.attempt() == 1);
    EXPECT(hasGone && hasArrived && !updates.empty());
    const auto metrics = application.runtimeMetrics();
    EXPECT(metrics.totalCommittedTicks == 30 && metrics.createdEntity == 22);
    EXPECT(metrics.deletedEntity == 21 && metrics.exitedEntity == 1);
    application.resetRuntimeMetrics();
    EXPECT(application.runtimeMetrics().createdEntity == 0);
    EXPECT(application.runtimeLimit(heddle::RuntimeLimitKind::EntitiesPerPartition) > 0);
    EXPECT(application.lastErrorMessage().find("own partition") != std::string::npos);
    std::printf("all calls made, %d faults\n", faults);
    std::fflush(stdout);
  }
};

}  // namespace

int main(int argc, char**) {
  auto application = heddle::createApplication();
  EXPECT(refuses(ErrorCode::InvalidState, "", [] { heddle::createApplication(); }));
  Explorer explorer{application};
  int rounds = 0;
  while (!application.waitForUpdate(std::chrono::milliseconds(50))) {
  }
  EXPECT(!application.beginUpdateWillBlock());
  for (auto& transaction : application.updates()) {
    // With an argument it fails without a word.
    if (argc > 1) throw std::runtime_error("an explorer gives up");
    rounds++;
    if (rounds == 1) explorer.begin(transaction);
    explorer.look(transaction);
    explorer.talk(transaction);
    if (rounds != 30) continue;
    transaction.commit();
    explorer.finish(transaction);
  }
  EXPECT(refuses(ErrorCode::InvalidState, "destroyed", [&] { application.currentTick(); }));
  return faults == 0 ? 0 : 1;
}
