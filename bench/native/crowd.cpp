// The crowd sample's cell in C++: the same people walk the same ways as in samples/crowd/spatial,
// which explains the rules. `crowd <seed> <people in the whole world>`

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <heddle/heddle.hpp>
#include <vector>

namespace {

struct Person {
  std::uint32_t number;
  std::uint32_t goalsReached;
  float velocity[2];
};
HEDDLE_SHAPE(Person, number, goalsReached, velocity);

constexpr std::uint32_t PERSON_TYPE = 512;
constexpr float REACH = 3;
constexpr double SECONDS = 1.0 / 30;
constexpr double GOAL_RADIUS = 2;
constexpr double TURNING = 2;
constexpr double PUSHING = 12;
constexpr double HURRY = 1.4;
constexpr double PUSH_UNITS = 1 << 20;
constexpr double EDGE_MARGIN = 0.5;
constexpr double GOAL_MARGIN = 1;

enum Purpose : std::uint32_t { START_X = 1, START_Y, SPEED, GOAL_X, GOAL_Y };

std::uint32_t mix(std::uint32_t word) {
  word = (word ^ (word >> 16)) * 0x7feb352du;
  word = (word ^ (word >> 15)) * 0x846ca68bu;
  return word ^ (word >> 16);
}

/// From 0 to below 1.
double unit(std::uint32_t seed, std::uint32_t person, std::uint32_t count, std::uint32_t salt) {
  std::uint32_t hash = mix(seed ^ (salt * 0x9e3779b1u));
  hash = mix(hash ^ (person * 0x85ebca77u));
  hash = mix(hash ^ (count * 0xc2b2ae3du));
  return hash / 4294967296.0;
}

double between(double min, double max, double margin, double share) {
  return min + margin + (max - min - 2 * margin) * share;
}

/// As Math.round does: halves go up.
double rounded(double value) { return std::floor(value + 0.5); }

class Crowd {
 public:
  Crowd(heddle::Application &application, std::uint32_t seed, std::uint32_t people)
      : own_(application.assignedPartitions().front()),
        world_(*own_.bounds),
        seed_(seed),
        people_(people) {
    for (const heddle::Partition &partition : application.allPartitions()) {
      if (partition.domain != own_.domain) continue;
      world_.minX = std::min(world_.minX, partition.bounds->minX);
      world_.minY = std::min(world_.minY, partition.bounds->minY);
      world_.maxX = std::max(world_.maxX, partition.bounds->maxX);
      world_.maxY = std::max(world_.maxY, partition.bounds->maxY);
    }
  }

  void update(heddle::Transaction &transaction) {
    const heddle::Bounds &cell = *own_.bounds;
    if (!border_)
      border_ = transaction.createSubscriptionBoundingBox2F32(
          own_.domain,
          {cell.minX - REACH, cell.minY - REACH, cell.maxX + REACH, cell.maxY + REACH});
    if (transaction.tick() == 1)
      populate(transaction.owned());
    else
      walkOn(transaction);
  }

 private:
  heddle::Position startOf(std::uint32_t person) const {
    return {static_cast<float>(between(world_.minX, world_.maxX, EDGE_MARGIN,
                                       unit(seed_, person, 0, START_X))),
            static_cast<float>(between(world_.minY, world_.maxY, EDGE_MARGIN,
                                       unit(seed_, person, 0, START_Y))),
            0};
  }

  void populate(const heddle::Owned &owned) const {
    const heddle::Bounds &cell = *own_.bounds;
    std::vector<std::uint32_t> here;
    for (std::uint32_t person = 0; person < people_; ++person) {
      const heddle::Position at = startOf(person);
      if (at.x >= cell.minX && at.x < cell.maxX && at.y >= cell.minY && at.y < cell.maxY)
        here.push_back(person);
    }
    const auto rows = owned.create(PERSON_TYPE, static_cast<std::uint32_t>(here.size()));
    const auto positions = owned.positions();
    const auto persons = owned.field(field_);
    for (std::size_t place = 0; place < rows.size(); ++place) {
      positions[rows[place]] = startOf(here[place]);
      persons[rows[place]] = {here[place], 0, {0, 0}};
    }
    owned.moved();
    owned.stored(field_);
  }

  void walkOn(heddle::Transaction &transaction) const {
    const heddle::Neighbourhood around = transaction.neighbourhood(REACH);
    const heddle::Owned owned = transaction.owned();
    const auto states = owned.states();
    const auto positions = owned.positions();
    const auto persons = owned.field(field_);
    const auto others = around.positions();
    for (std::uint32_t row = 0; row < owned.rows(); ++row)
      if (states[row] != 0) walk(persons[row], positions[row], around.of(row), others);
    owned.moved();
    owned.stored(field_);
  }

  void walk(Person &person, heddle::Position &at, heddle::Span<const std::uint32_t> near,
            heddle::Span<const heddle::Position> others) const {
    const double x = at.x, y = at.y;
    const double speed = 1 + 1.5 * unit(seed_, person.number, 0, SPEED);
    const double toGoalX = between(world_.minX, world_.maxX, GOAL_MARGIN,
                                   unit(seed_, person.number, person.goalsReached, GOAL_X)) -
                           x;
    const double toGoalY = between(world_.minY, world_.maxY, GOAL_MARGIN,
                                   unit(seed_, person.number, person.goalsReached, GOAL_Y)) -
                           y;
    const double distance = std::sqrt(toGoalX * toGoalX + toGoalY * toGoalY);
    const double pace = distance > 0 ? speed / distance : 0;
    double pushX = 0, pushY = 0;
    for (const std::uint32_t entry : near) {
      const double awayX = x - others[entry].x, awayY = y - others[entry].y;
      const double apart = std::sqrt(awayX * awayX + awayY * awayY);
      if (apart == 0) continue;
      const double push = ((1 - apart / REACH) * PUSH_UNITS) / apart;
      pushX += rounded(awayX * push);
      pushY += rounded(awayY * push);
    }
    double velocityX = person.velocity[0], velocityY = person.velocity[1];
    velocityX +=
        ((toGoalX * pace - velocityX) * TURNING + (pushX / PUSH_UNITS) * PUSHING) * SECONDS;
    velocityY +=
        ((toGoalY * pace - velocityY) * TURNING + (pushY / PUSH_UNITS) * PUSHING) * SECONDS;
    const double fastest = speed * HURRY;
    const double fast = std::sqrt(velocityX * velocityX + velocityY * velocityY);
    if (fast > fastest) {
      velocityX *= fastest / fast;
      velocityY *= fastest / fast;
    }
    person.velocity[0] = static_cast<float>(velocityX);
    person.velocity[1] = static_cast<float>(velocityY);
    at.x = static_cast<float>(std::min(std::max(x + velocityX * SECONDS, world_.minX + EDGE_MARGIN),
                                       world_.maxX - EDGE_MARGIN));
    at.y = static_cast<float>(std::min(std::max(y + velocityY * SECONDS, world_.minY + EDGE_MARGIN),
                                       world_.maxY - EDGE_MARGIN));
    if (distance < GOAL_RADIUS) ++person.goalsReached;
  }

  const heddle::Field<Person> field_{1, 600};
  const heddle::Partition own_;
  heddle::Bounds world_;
  const std::uint32_t seed_, people_;
  std::optional<heddle::Subscription> border_;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  heddle::Application application = heddle::createApplication();
  Crowd crowd(application, static_cast<std::uint32_t>(std::atoi(argv[1])),
              static_cast<std::uint32_t>(std::atoi(argv[2])));
  for (heddle::Transaction &transaction : application.updates()) crowd.update(transaction);
  return 0;
}
