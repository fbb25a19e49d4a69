// The reference of `million-cpp`: the same world by hand over MPI, a rank for each cell.
// In each tick a rank moves its points, sends those that left to the ranks of the cells where they
// are now, and then sends its neighbours all points in a band along their borders. It reads what
// the neighbours sent. Owns the exchange; bounce.hpp has the logic.
//
//   mpirun -n 16 bouncing-mpi <columns> <rows> <points a rank> <half> <band> <speed>
//
// Each line on standard input is a number of milliseconds to run for; the answer is a line of JSON
// with the mean time of a tick. With 0, or at the end of the input, all ranks exit.

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bounce.hpp"

namespace {

constexpr int AROUND = 8;
/// Ticks between two looks at the time, which cost a broadcast.
constexpr int BATCH = 20;

struct Point {
  std::uint64_t id;
  float position[3];
  float velocity[3];
};
struct Ghost {
  std::uint64_t id;
  float position[3];
};

/// What one rank owns and sees, and how it tells the ranks around it.
class Cell {
 public:
  Cell(int rank, int columns, int rows, std::uint32_t count, float half, float band, float speed)
      : half_(half) {
    const float width = 2 * half / static_cast<float>(columns);
    const float height = 2 * half / static_cast<float>(rows);
    const int column = rank % columns;
    const int row = rank / columns;
    min_x_ = -half + width * static_cast<float>(column);
    min_y_ = -half + height * static_cast<float>(row);
    max_x_ = min_x_ + width;
    max_y_ = min_y_ + height;
    inner_min_x_ = column > 0 ? min_x_ + band : -2 * half;
    inner_max_x_ = column < columns - 1 ? max_x_ - band : 2 * half;
    inner_min_y_ = row > 0 ? min_y_ + band : -2 * half;
    inner_max_y_ = row < rows - 1 ? max_y_ - band : 2 * half;
    for (int side = 0; side < AROUND; ++side) {
      const int x = column + step_x(side);
      const int y = row + step_y(side);
      const bool is_there = x >= 0 && x < columns && y >= 0 && y < rows;
      ranks_[side] = is_there ? y * columns + x : MPI_PROC_NULL;
      // A point can only cross a border that it is close to: what arrives is never more than this.
      incoming_points_[side].resize(count / 4 + 1024);
      incoming_ghosts_[side].resize(count + 1024);
    }
    populate(rank, count, speed);
  }

  void tick() {
    bench::bounce(positions_.data(), velocities_.data(), half_, 0, size(), [](std::uint32_t) {});
    hand_over();
    show_bands();
  }

  std::uint64_t count() const { return ids_.size(); }
  float nearest() const { return nearest_; }

 private:
  static int step_x(int side) { return (side < 4 ? side : side + 1) % 3 - 1; }
  static int step_y(int side) { return (side < 4 ? side : side + 1) / 3 - 1; }
  static int side_of(int x, int y) {
    const int place = (y + 1) * 3 + x + 1;
    return place < 4 ? place : place - 1;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }

  void populate(int rank, std::uint32_t count, float speed) {
    bench::Random random(static_cast<std::uint32_t>(rank) + 1);
    ids_.resize(count);
    positions_.resize(std::size_t{count} * 3);
    velocities_.resize(std::size_t{count} * 3);
    for (std::uint32_t point = 0; point < count; ++point) {
      ids_[point] = (static_cast<std::uint64_t>(rank) << 32) + point;
      float *position = &positions_[std::size_t{point} * 3];
      position[0] = min_x_ + static_cast<float>(random() * 0.99999) * (max_x_ - min_x_);
      position[1] = min_y_ + static_cast<float>(random() * 0.99999) * (max_y_ - min_y_);
      position[2] = static_cast<float>(random() * 2 - 1) * half_;
      for (int axis = 0; axis < 3; ++axis)
        velocities_[std::size_t{point} * 3 + axis] = static_cast<float>(random() * 2 - 1) * speed;
    }
  }

  /// One pass over all points: those deep inside of the cell cost two comparisons of each axis.
  void hand_over() {
    for (auto &list : outgoing_points_) list.clear();
    for (auto &list : outgoing_ghosts_) list.clear();
    for (std::uint32_t point = 0; point < size();) {
      const float *position = &positions_[std::size_t{point} * 3];
      const int x = position[0] < min_x_ ? -1 : position[0] >= max_x_ ? 1 : 0;
      const int y = position[1] < min_y_ ? -1 : position[1] >= max_y_ ? 1 : 0;
      if ((x | y) == 0) {
        show(point);
        ++point;
        continue;
      }
      const float *velocity = &velocities_[std::size_t{point} * 3];
      outgoing_points_[side_of(x, y)].push_back({ids_[point],
                                                 {position[0], position[1], position[2]},
                                                 {velocity[0], velocity[1], velocity[2]}});
      remove(point);
    }
    exchange(outgoing_points_, incoming_points_, [this](const Point *points, int count) {
      for (const Point *point = points; point < points + count; ++point) {
        ids_.push_back(point->id);
        positions_.insert(positions_.end(), point->position, point->position + 3);
        velocities_.insert(velocities_.end(), point->velocity, point->velocity + 3);
        show(size() - 1);
      }
    });
  }

  void remove(std::uint32_t point) {
    const std::size_t last = ids_.size() - 1;
    ids_[point] = ids_[last];
    std::copy_n(&positions_[last * 3], 3, &positions_[std::size_t{point} * 3]);
    std::copy_n(&velocities_[last * 3], 3, &velocities_[std::size_t{point} * 3]);
    ids_.pop_back();
    positions_.resize(last * 3);
    velocities_.resize(last * 3);
  }

  /// Notes a point for the neighbours in whose band it is.
  void show(std::uint32_t point) {
    const float *position = &positions_[std::size_t{point} * 3];
    const bool left = position[0] <= inner_min_x_, right = position[0] >= inner_max_x_;
    const bool above = position[1] <= inner_min_y_, below = position[1] >= inner_max_y_;
    if (!(left | right | above | below)) return;
    const Ghost ghost{ids_[point], {position[0], position[1], position[2]}};
    const int x = left ? -1 : 1;
    const int y = above ? -1 : 1;
    if (left | right) outgoing_ghosts_[side_of(x, 0)].push_back(ghost);
    if (above | below) outgoing_ghosts_[side_of(0, y)].push_back(ghost);
    if ((left | right) && (above | below)) outgoing_ghosts_[side_of(x, y)].push_back(ghost);
  }

  void show_bands() {
    exchange(outgoing_ghosts_, incoming_ghosts_, [this](const Ghost *ghosts, int count) {
      for (const Ghost *ghost = ghosts; ghost < ghosts + count; ++ghost)
        nearest_ = std::min(nearest_, std::fabs(ghost->position[0]));
    });
  }

  /// Sends each list to the rank of its side, and hands over what came from there.
  template <class Item, class Take>
  void exchange(std::vector<Item> (&outgoing)[AROUND], std::vector<Item> (&incoming)[AROUND],
                Take &&take) {
    MPI_Request receives[AROUND], sends[AROUND];
    for (int side = 0; side < AROUND; ++side) {
      MPI_Irecv(incoming[side].data(), static_cast<int>(incoming[side].size() * sizeof(Item)),
                MPI_BYTE, ranks_[side], 0, MPI_COMM_WORLD, &receives[side]);
    }
    for (int side = 0; side < AROUND; ++side) {
      MPI_Isend(outgoing[side].data(), static_cast<int>(outgoing[side].size() * sizeof(Item)),
                MPI_BYTE, ranks_[side], 0, MPI_COMM_WORLD, &sends[side]);
    }
    MPI_Status statuses[AROUND];
    MPI_Waitall(AROUND, receives, statuses);
    for (int side = 0; side < AROUND; ++side) {
      if (ranks_[side] == MPI_PROC_NULL) continue;
      int bytes = 0;
      MPI_Get_count(&statuses[side], MPI_BYTE, &bytes);
      take(incoming[side].data(), bytes / static_cast<int>(sizeof(Item)));
    }
    MPI_Waitall(AROUND, sends, MPI_STATUSES_IGNORE);
  }

  float half_;
  float min_x_, min_y_, max_x_, max_y_;
  /// Points outside of these are in a neighbour's band.
  float inner_min_x_, inner_min_y_, inner_max_x_, inner_max_y_;
  int ranks_[AROUND];
  std::vector<std::uint64_t> ids_;
  std::vector<float> positions_, velocities_;
  std::vector<Point> outgoing_points_[AROUND], incoming_points_[AROUND];
  std::vector<Ghost> outgoing_ghosts_[AROUND], incoming_ghosts_[AROUND];
  /// Uses what was read, so that the compiler cannot drop the read.
  float nearest_ = 1e9f;
};

/// The next order, in milliseconds, from rank 0's standard input; 0 ends. The ranks sleep while
/// they wait: what is measured meanwhile must have the cores.
int next_order(int rank) {
  int order = 0;
  if (rank == 0 && std::scanf("%d", &order) != 1) order = 0;
  MPI_Request request;
  MPI_Ibcast(&order, 1, MPI_INT, 0, MPI_COMM_WORLD, &request);
  for (int done = 0;;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done) return order;
    const timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (argc != 7) {
    std::fprintf(stderr, "usage: bouncing-mpi <columns> <rows> <points> <half> <band> <speed>\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  const auto number = [argv](int place) { return static_cast<float>(std::atof(argv[place])); };
  Cell cell(rank, std::atoi(argv[1]), std::atoi(argv[2]),
            static_cast<std::uint32_t>(std::atoi(argv[3])), number(4), number(5), number(6));
  for (int order = next_order(rank); order > 0; order = next_order(rank)) {
    const double started = MPI_Wtime();
    int ticks = 0;
    for (int goes_on = 1; goes_on != 0;) {
      for (int tick = 0; tick < BATCH; ++tick) cell.tick();
      ticks += BATCH;
      goes_on = (MPI_Wtime() - started) * 1000 < order;
      MPI_Bcast(&goes_on, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    const double passed_ms = (MPI_Wtime() - started) * 1000;
    std::uint64_t points = cell.count(), all = 0;
    MPI_Reduce(&points, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
      std::printf("{\"tickMs\": %.6f, \"points\": %llu, \"nearest\": %.3f}\n", passed_ms / ticks,
                  static_cast<unsigned long long>(all), static_cast<double>(cell.nearest()));
      std::fflush(stdout);
    }
  }
  MPI_Finalize();
  return 0;
}
