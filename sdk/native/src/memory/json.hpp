// JSON as Heddle itself writes it: enough to read `world.json` and the ports of an app.
// Owns the reading; refuses what is no JSON, and never writes any.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace heddle {

class Json {
 public:
  /** Throws Failure where the text is no JSON. */
  static Json parse(const std::string& text);

  bool exists() const { return kind_ != Kind::nothing; }
  /** Throw Failure where it is something else. */
  double number() const;
  const std::string& text() const;
  const std::vector<Json>& items() const;
  const std::vector<std::pair<std::string, Json>>& members() const;
  /** The member of that name, or one that does not exist. */
  const Json& operator[](const char* name) const;

 private:
  enum class Kind { nothing, null, boolean, number, text, list, object };
  class Reader;
  Kind kind_ = Kind::nothing;
  double number_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
};

}  // namespace heddle
