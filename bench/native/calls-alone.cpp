// The reference of `calls-cpp`: the same loads and stores through functions over plain arrays,
// without checks and without readers to inform: `calls-alone <entities>`. The functions are not
// inlined, as those of a library are not. Each line on standard input is a number of milliseconds
// to run for; the answer is a line of JSON with the time of a pass over all entities.

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr float LIMIT = 900;
constexpr std::size_t FIELD_BYTES = 12;
using Data = std::array<std::uint8_t, FIELD_BYTES>;

std::vector<float> positions;
std::vector<std::uint8_t> fields;

__attribute__((noinline)) void loadPosition(std::uint32_t row, float *into) {
  std::memcpy(into, &positions[row * 3], 12);
}
__attribute__((noinline)) void storePosition(std::uint32_t row, float x, float y, float z) {
  float *at = &positions[row * 3];
  at[0] = x;
  at[1] = y;
  at[2] = z;
}
__attribute__((noinline)) void loadField(std::uint32_t row, const std::uint8_t **data,
                                         std::size_t *bytes) {
  *data = &fields[row * FIELD_BYTES];
  *bytes = FIELD_BYTES;
}
__attribute__((noinline)) void storeField(std::uint32_t row, const void *data, std::size_t bytes) {
  std::memcpy(&fields[row * FIELD_BYTES], data, bytes);
}

void pass(std::uint32_t count) {
  for (std::uint32_t row = 0; row < count; ++row) {
    float position[3];
    loadPosition(row, position);
    position[0] = position[0] < LIMIT ? position[0] + 0.5f : -LIMIT;
    storePosition(row, position[0], position[1], position[2]);
    const std::uint8_t *lent;
    std::size_t bytes;
    loadField(row, &lent, &bytes);
    Data data;
    std::memcpy(data.data(), lent, bytes);
    ++data[0];
    storeField(row, data.data(), data.size());
  }
}

}  // namespace

int main(int argc, char **argv) {
  const auto count = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 10'000);
  positions.resize(count * 3);
  fields.resize(count * FIELD_BYTES);
  for (std::uint32_t row = 0; row < count; ++row)
    positions[row * 3] = static_cast<float>(row % static_cast<std::uint32_t>(LIMIT));
  using Clock = std::chrono::steady_clock;
  for (double order = 0; std::scanf("%lf", &order) == 1;) {
    const Clock::time_point started = Clock::now();
    double passed_ms = 0;
    int passes = 0;
    for (; passed_ms < order; ++passes) {
      pass(count);
      passed_ms = std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    }
    std::printf("{\"passMs\": %.9f}\n", passed_ms / passes);
    std::fflush(stdout);
  }
  return 0;
}
