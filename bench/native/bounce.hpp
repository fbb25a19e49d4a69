// The logic of the bouncing worlds in C++, the same with and without a fabric.
// Owns one step of one piece; never knows its caller. bench/apps/bounce.ts is its TypeScript form.
#pragma once
#include <cmath>
#include <cstdint>

namespace bench {

/// Random numbers from 0 to 1, the same for the same seed (xorshift).
class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed * 2654435761u + 1u) {
    if (state_ == 0) state_ = 1;
  }
  double operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ / 4294967296.0;
  }

 private:
  std::uint32_t state_;
};

/// Moves the points from `from` up to `to` by their velocities, x, y and z alike. A point that
/// would leave the cube of `half` turns round on that axis instead; `turned(point)` is told of it.
template <class Turned>
void bounce(float *positions, float *velocities, float half, std::uint32_t from, std::uint32_t to,
            Turned &&turned) {
  constexpr std::uint32_t BLOCK = 32;
  for (std::uint32_t point = from; point < to; point += BLOCK) {
    const std::uint32_t end = point + BLOCK < to ? point + BLOCK : to;
    int any = 0;
    for (std::uint32_t place = point * 3; place < end * 3; ++place) {
      const float next = positions[place] + velocities[place];
      any |= std::fabs(next) >= half;
    }
    if (!any) {
      for (std::uint32_t place = point * 3; place < end * 3; ++place)
        positions[place] += velocities[place];
      continue;
    }
    for (std::uint32_t place = point * 3; place < end * 3; ++place) {
      const float next = positions[place] + velocities[place];
      if (std::fabs(next) < half) {
        positions[place] = next;
      } else {
        velocities[place] = -velocities[place];
        turned(place / 3);
      }
    }
  }
}

}  // namespace bench
