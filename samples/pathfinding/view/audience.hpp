// The clients of the view app: a TCP server that sends each of them the newest picture.
// Owns the sockets; never waits for a client. One that reads slowly misses pictures.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace pathfinding {

class Audience {
 public:
  /// Listens on a port; every client gets `greeting` first. Throws std::runtime_error.
  Audience(std::uint16_t port, std::string greeting) : greeting_(std::move(greeting)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(port);
    if (bind(listener_, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
        listen(listener_, 16) != 0)
      throw std::runtime_error("cannot listen on port " + std::to_string(port) + ": " +
                               std::strerror(errno));
  }
  Audience(const Audience &) = delete;
  Audience &operator=(const Audience &) = delete;
  ~Audience() {
    for (const Client &client : clients_) close(client.socket);
    close(listener_);
  }

  /// Takes in who has come, and sends the picture to all who have read the one before.
  void send(const std::string &picture) {
    for (int socket; (socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;)
      clients_.push_back({socket, greeting_});
    for (std::size_t place = 0; place < clients_.size();) {
      Client &client = clients_[place];
      if (client.rest.empty()) client.rest = picture;
      if (flush(client)) {
        ++place;
      } else {
        close(client.socket);
        clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
  }

 private:
  struct Client {
    int socket;
    /// What it has not got yet of a picture that was begun.
    std::string rest;
  };

  /// False where the client is gone.
  static bool flush(Client &client) {
    const ssize_t sent =
        ::send(client.socket, client.rest.data(), client.rest.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    client.rest.erase(0, static_cast<std::size_t>(sent));
    return true;
  }

  int listener_ = -1;
  std::string greeting_;
  std::vector<Client> clients_;
};

}  // namespace pathfinding
