// Data fields with a declared shape, and their columns: a C++ type says what the bytes mean, to
// this program and, as a declaration, to snapshots and tables. Owns the declarations; never touches
// the fabric.
#ifndef HEDDLE_FIELD_HPP
#define HEDDLE_FIELD_HPP

#include <array>
#include <cstddef>
#include <string>

#include "model.hpp"

namespace heddle {
namespace detail {

/// Numbers of one kind, as many as a type holds; `Count` is 0 for all other types.
template <class T, class = void>
struct Numbers {
  static constexpr std::size_t Count = 0;
};
template <class T>
struct Numbers<T, std::enable_if_t<std::is_arithmetic_v<T>>> {
  using Number = T;
  static constexpr std::size_t Count = 1;
};
template <class T, std::size_t Length>
struct Numbers<T[Length]> {
  using Number = T;
  static constexpr std::size_t Count = Length;
};
template <class T, std::size_t Length>
struct Numbers<std::array<T, Length>> {
  using Number = T;
  static constexpr std::size_t Count = Length;
};
template <>
struct Numbers<Position> {
  using Number = float;
  static constexpr std::size_t Count = 3;
};

template <class T>
constexpr const char* kindOf() {
  if constexpr (std::is_floating_point_v<T>) {
    static_assert(sizeof(T) <= 8, "a shape has no numbers of this kind");
    return sizeof(T) == 4 ? "f32" : "f64";
  } else {
    static_assert(std::is_integral_v<T> && sizeof(T) <= 4,
                  "a shape has integers of 8, 16 and 32 bits, float and double");
    constexpr const char* names[] = {"i8", "u8", "i16", "u16", "i32", "u32"};
    return names[(sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 2 : 4) + std::is_unsigned_v<T>];
  }
}

/// A member of a shape.
struct Member {
  const char* name;
  const char* kind;
  std::size_t count, offset, bytes, alignBytes;
};

template <class T>
constexpr Member memberOf(const char* name, std::size_t offset) {
  static_assert(Numbers<T>::Count > 0, "a member of a shape is a number, or an array of numbers");
  using Number = typename Numbers<T>::Number;
  return {name, kindOf<Number>(), Numbers<T>::Count, offset, sizeof(T), alignof(Number)};
}

constexpr std::size_t rounded(std::size_t bytes, std::size_t align) {
  return (bytes + align - 1) / align * align;
}

/// Whether these are all members of a type, in their order, as far as their places tell.
template <class T, std::size_t Count>
constexpr bool areAll(const std::array<Member, Count>& members) {
  std::size_t end = 0;
  for (std::size_t place = 0; place < Count; place++) {
    const Member& member = members[place];
    if (member.offset != rounded(end, member.alignBytes)) return false;
    end = member.offset + member.bytes;
  }
  return rounded(end, alignof(T)) == sizeof(T);
}

inline std::string numbersText(const char* kind, std::size_t count) {
  const std::string name(kind);
  return '"' + (count == 1 ? name : name + 'x' + std::to_string(count)) + '"';
}

/// The shape of a type as JSON, as snapshots keep it.
template <class T>
const char* declarationOf() {
  static const std::string text = [] {
    if constexpr (Numbers<T>::Count > 0) {
      return numbersText(kindOf<typename Numbers<T>::Number>(), Numbers<T>::Count);
    } else {
      std::string members;
      for (const Member& member : heddleShape(static_cast<const T*>(nullptr))) {
        members += members.empty() ? "{" : ",";
        members += '"' + std::string(member.name) + "\":" + numbersText(member.kind, member.count);
      }
      return members + '}';
    }
  }();
  return text.c_str();
}

}  // namespace detail

/// A data field whose values are of type T: a number, an array of numbers, `heddle::Position`, or a
/// struct of such that HEDDLE_SHAPE declares. Make one for all ticks:
/// `const heddle::Field<Flight> flight{1, 600};`
template <class T>
class Field {
  static_assert(std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T>,
                "the values of a field are plain data");

 public:
  /// `index` is from 1 to 63, and `typeId` any number: the same in all apps of the simulation.
  Field(std::uint32_t index, std::uint32_t typeId)
      : shape_{index, typeId, sizeof(T), alignof(T), detail::declarationOf<T>()} {}

  std::uint32_t index() const noexcept { return shape_.index; }
  std::uint32_t typeId() const noexcept { return shape_.type_id; }
  /// The shape as JSON, as `{"velocity":"f32x2","turns":"u16"}`.
  const char* declaration() const noexcept { return shape_.declaration; }
  /// @internal
  const heddle_shape* native() const noexcept { return &shape_; }

 private:
  heddle_shape shape_;
};

/// The values of a field, by row. Those of other apps' entities are `const T`.
template <class T>
class FieldColumn {
  using Byte = std::conditional_t<std::is_const_v<T>, const std::uint8_t, std::uint8_t>;

 public:
  FieldColumn(Byte* data, std::uint32_t strideBytes, const std::int32_t* presence,
              std::uint32_t rows) noexcept
      : data_(data), strideBytes_(strideBytes), presence_(presence), rows_(rows) {}

  /// Whether there is a column: other partitions have none where no entity has the field.
  explicit operator bool() const noexcept { return data_ != nullptr; }
  /// Length of the column.
  std::uint32_t rows() const noexcept { return rows_; }

  /// The value of a row. Undefined where the row's entity lacks the field.
  T& operator[](std::size_t row) const noexcept {
    return *reinterpret_cast<T*>(data_ + row * strideBytes_);
  }
  /// Whether a row's entity has the field.
  bool has(std::size_t row) const noexcept { return !presence_ || presence_[row] != 0; }

  /// The values as one piece, for loops that are to be vectorized. InvalidState where the field was
  /// also stored with longer data, so that values do not lie next to each other.
  Span<T> values() const {
    if (data_ && strideBytes_ != sizeof(T))
      detail::refuse(ErrorCode::InvalidState, "the field is kept with " +
                                                  std::to_string(strideBytes_) +
                                                  " bytes a row, not " + std::to_string(sizeof(T)));
    return {reinterpret_cast<T*>(data_), data_ ? rows_ : 0};
  }

 private:
  Byte* data_;
  std::uint32_t strideBytes_;
  const std::int32_t* presence_;
  std::uint32_t rows_;
};

}  // namespace heddle

/// Declares the shape of a struct, beside it, in its namespace: all members in their order.
///   struct Flight { float velocity[2]; std::uint16_t turns; };
///   HEDDLE_SHAPE(Flight, velocity, turns);
#define HEDDLE_SHAPE(Type, ...)                                                                 \
  constexpr auto heddleShape(const Type*) {                                                     \
    using Shaped = Type;                                                                        \
    return std::array{HEDDLE_DETAIL_EACH(__VA_ARGS__)};                                         \
  }                                                                                             \
  static_assert(::heddle::detail::areAll<Type>(heddleShape(static_cast<const Type*>(nullptr))), \
                "HEDDLE_SHAPE names all members of " #Type " in their order")

#define HEDDLE_DETAIL_MEMBER(name) \
  ::heddle::detail::memberOf<decltype(Shaped::name)>(#name, offsetof(Shaped, name))
#define HEDDLE_DETAIL_EACH(...) \
  HEDDLE_DETAIL_PICK(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, )(__VA_ARGS__)
#define HEDDLE_DETAIL_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, count, ...) \
  HEDDLE_DETAIL_EACH_##count
#define HEDDLE_DETAIL_EACH_1(a) HEDDLE_DETAIL_MEMBER(a)
#define HEDDLE_DETAIL_EACH_2(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_1(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_3(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_2(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_4(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_3(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_5(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_4(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_6(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_5(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_7(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_6(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_8(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_7(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_9(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_8(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_10(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_9(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_11(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_10(__VA_ARGS__)
#define HEDDLE_DETAIL_EACH_12(a, ...) HEDDLE_DETAIL_MEMBER(a), HEDDLE_DETAIL_EACH_11(__VA_ARGS__)

#endif
