// The console client: connects to the view app and draws the walkers over the map.
//
//   console <host> <port> [pictures]
//
// Draws in place on a terminal; elsewhere it prints one picture below the other. Ends after so many
// pictures, or with the view app.

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

/// Lines of a connection.
class Lines {
 public:
  Lines(const char *host, const char *port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (getaddrinfo(host, port, &hints, &found) != 0) return;
    const int socket = ::socket(found->ai_family, found->ai_socktype, 0);
    if (socket >= 0 && connect(socket, found->ai_addr, found->ai_addrlen) == 0)
      stream_ = fdopen(socket, "r");
    freeaddrinfo(found);
  }
  Lines(const Lines &) = delete;
  Lines &operator=(const Lines &) = delete;
  ~Lines() {
    if (stream_) std::fclose(stream_);
    std::free(line_);
  }

  bool isOpen() const { return stream_ != nullptr; }

  /// Null at the end. Good until the next call.
  const char *next() {
    const ssize_t length = getline(&line_, &capacity_, stream_);
    if (length < 0) return nullptr;
    line_[std::strcspn(line_, "\n")] = '\0';
    return line_;
  }

 private:
  std::FILE *stream_ = nullptr;
  char *line_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: console <host> <port> [pictures]\n");
    return 2;
  }
  Lines lines(argv[1], argv[2]);
  if (!lines.isOpen()) {
    std::fprintf(stderr, "nobody answers at %s:%s\n", argv[1], argv[2]);
    return 1;
  }
  long left = argc > 3 ? std::atol(argv[3]) : -1;
  const bool isTerminal = isatty(STDOUT_FILENO) == 1;
  std::vector<std::string> map;
  while (left != 0) {
    const char *line = lines.next();
    if (!line) return left < 0 ? 0 : 1;
    int height = 0, count = 0;
    unsigned long long tick = 0;
    if (std::sscanf(line, "map %d", &height) == 1) {
      map.clear();
      for (int row = 0; row < height && (line = lines.next()) != nullptr;) {
        map.emplace_back(line);
        ++row;
      }
      continue;
    }
    if (std::sscanf(line, "tick %llu walkers %d", &tick, &count) != 2) {
      std::fprintf(stderr, "this is no view app of walkers: it said \"%s\"\n", line);
      return 1;
    }
    std::vector<std::string> picture = map;
    for (int walker = 0; walker < count && (line = lines.next()) != nullptr; ++walker) {
      float x = 0, y = 0;
      int goal = 0;
      if (std::sscanf(line, "%f %f %d", &x, &y, &goal) != 3) continue;
      const std::size_t row = map.size() - 1 - static_cast<std::size_t>(y);
      const auto column = static_cast<std::size_t>(x);
      if (row < picture.size() && column < picture[row].size())
        picture[row][column] = static_cast<char>('a' + goal);
    }
    if (isTerminal) std::printf("\x1b[H\x1b[2J");
    std::printf("tick %llu: %d walkers, each drawn as the goal that it walks to\n", tick, count);
    for (const std::string &row : picture) std::printf("%s\n", row.c_str());
    std::fflush(stdout);
    if (left > 0) --left;
  }
  return 0;
}
