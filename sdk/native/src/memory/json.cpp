// Reads JSON, by recursive descent.

#include "json.hpp"

#include <locale.h>

#include <cstdlib>

#include "../failure.hpp"

namespace heddle {

namespace {
constexpr int depthMax = 64;
}

class Json::Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  Json whole() {
    Json value = read(0);
    skipSpace();
    if (at_ != text_.size()) fail();
    return value;
  }

 private:
  Json read(int depth) {
    if (depth > depthMax) fail();
    skipSpace();
    Json value;
    const char next = peek();
    if (next == '{')
      readMembers(value, depth);
    else if (next == '[')
      readItems(value, depth);
    else if (next == '"') {
      value.kind_ = Kind::text;
      value.text_ = readText();
    } else if (next == '-' || (next >= '0' && next <= '9'))
      readNumber(value);
    else if (takeWord("true") || takeWord("false"))
      value.kind_ = Kind::boolean;
    else if (takeWord("null"))
      value.kind_ = Kind::null;
    else
      fail();
    return value;
  }

  void readMembers(Json& value, int depth) {
    value.kind_ = Kind::object;
    at_++;
    if (takes('}')) return;
    do {
      skipSpace();
      if (peek() != '"') fail();
      std::string name = readText();
      if (!takes(':')) fail();
      value.members_.emplace_back(std::move(name), read(depth + 1));
    } while (takes(','));
    if (!takes('}')) fail();
  }

  void readItems(Json& value, int depth) {
    value.kind_ = Kind::list;
    at_++;
    if (takes(']')) return;
    do value.items_.push_back(read(depth + 1));
    while (takes(','));
    if (!takes(']')) fail();
  }

  /** In the C locale, whatever the program has set. */
  void readNumber(Json& value) {
    static const locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
    const char* start = text_.c_str() + at_;
    char* end = nullptr;
    value.kind_ = Kind::number;
    value.number_ = strtod_l(start, &end, plain);
    if (end == start) fail();
    at_ += size_t(end - start);
  }

  std::string readText() {
    std::string text;
    at_++;
    for (;;) {
      if (at_ >= text_.size()) fail();
      const char next = text_[at_++];
      if (next == '"') return text;
      if (next != '\\') {
        text += next;
        continue;
      }
      const char escaped = at_ < text_.size() ? text_[at_++] : '\0';
      switch (escaped) {
        case 'b':
          text += '\b';
          break;
        case 'f':
          text += '\f';
          break;
        case 'n':
          text += '\n';
          break;
        case 'r':
          text += '\r';
          break;
        case 't':
          text += '\t';
          break;
        case 'u':
          appendUnicode(text);
          break;
        case '"':
        case '\\':
        case '/':
          text += escaped;
          break;
        default:
          fail();
      }
    }
  }

  void appendUnicode(std::string& text) {
    uint32_t code = readHex();
    if (code >= 0xd800 && code < 0xdc00 && text_.compare(at_, 2, "\\u") == 0) {
      at_ += 2;
      code = 0x10000 + ((code - 0xd800) << 10) + (readHex() - 0xdc00);
    }
    if (code < 0x80)
      text += char(code);
    else if (code < 0x800) {
      text += char(0xc0 | code >> 6);
      text += char(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      text += char(0xe0 | code >> 12);
      text += char(0x80 | (code >> 6 & 0x3f));
      text += char(0x80 | (code & 0x3f));
    } else {
      text += char(0xf0 | code >> 18);
      text += char(0x80 | (code >> 12 & 0x3f));
      text += char(0x80 | (code >> 6 & 0x3f));
      text += char(0x80 | (code & 0x3f));
    }
  }

  uint32_t readHex() {
    uint32_t code = 0;
    for (int digit = 0; digit < 4; digit++) {
      const char next = at_ < text_.size() ? text_[at_++] : '\0';
      if (next >= '0' && next <= '9')
        code = code * 16 + uint32_t(next - '0');
      else if (next >= 'a' && next <= 'f')
        code = code * 16 + uint32_t(next - 'a' + 10);
      else if (next >= 'A' && next <= 'F')
        code = code * 16 + uint32_t(next - 'A' + 10);
      else
        fail();
    }
    return code;
  }

  bool takes(char wanted) {
    skipSpace();
    if (peek() != wanted) return false;
    at_++;
    return true;
  }
  bool takeWord(const char* word) {
    const size_t length = std::strlen(word);
    if (text_.compare(at_, length, word) != 0) return false;
    at_ += length;
    return true;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skipSpace() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) && text_[at_] != '\0') at_++;
  }
  [[noreturn]] void fail() const {
    throw Failure(HEDDLE_NOT_CONNECTED,
                  "a file of the fabric is no JSON, from byte " + std::to_string(at_) + " on");
  }

  const std::string& text_;
  size_t at_ = 0;
};

namespace {
[[noreturn]] void failAs(const char* wanted) {
  throw Failure(HEDDLE_NOT_CONNECTED, std::string("a file of the fabric lacks ") + wanted);
}
}  // namespace

Json Json::parse(const std::string& text) { return Reader(text).whole(); }

double Json::number() const {
  if (kind_ != Kind::number) failAs("a number");
  return number_;
}
const std::string& Json::text() const {
  if (kind_ != Kind::text) failAs("a text");
  return text_;
}
const std::vector<Json>& Json::items() const {
  if (kind_ != Kind::list) failAs("a list");
  return items_;
}
const std::vector<std::pair<std::string, Json>>& Json::members() const {
  if (kind_ != Kind::object) failAs("an object");
  return members_;
}
const Json& Json::operator[](const char* name) const {
  static const Json nothing;
  for (const auto& [key, value] : members_)
    if (key == name) return value;
  return nothing;
}

}  // namespace heddle
