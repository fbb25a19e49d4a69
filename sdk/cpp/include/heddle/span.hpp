// Views on memory that others own: a span of values, and a list whose items are made as they are
// looked at. Owns no memory; a view is good as long as what it looks at.
#ifndef HEDDLE_SPAN_HPP
#define HEDDLE_SPAN_HPP

#include <cstddef>
#include <iterator>
#include <type_traits>

namespace heddle {

/// Values that lie one after another: a pointer and a length. In C++20 it converts to `std::span`.
template <class T>
class Span {
 public:
  using value_type = std::remove_cv_t<T>;
  using element_type = T;

  constexpr Span() noexcept = default;
  constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  /// Of anything that has its values in one piece, as a vector.
  template <class Values, class = decltype(static_cast<T*>(std::declval<Values&>().data()))>
  constexpr Span(Values&& values) noexcept : data_(values.data()), size_(values.size()) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T& operator[](std::size_t place) const noexcept { return data_[place]; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }
  /// The part of `count` values from `from` on.
  constexpr Span subspan(std::size_t from, std::size_t count) const noexcept {
    return {data_ + from, count};
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A list that libheddle lends: each item is made of what lies there when it is looked at, so that
/// the list is not copied.
template <class Native, class Item>
class Lent {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Item;

    constexpr explicit Iterator(const Native* at) noexcept : at_(at) {}
    Item operator*() const { return Item(*at_); }
    constexpr Iterator& operator++() noexcept { return ++at_, *this; }
    constexpr Iterator operator++(int) noexcept { return Iterator(at_++); }
    constexpr bool operator==(Iterator other) const noexcept { return at_ == other.at_; }
    constexpr bool operator!=(Iterator other) const noexcept { return at_ != other.at_; }

   private:
    const Native* at_;
  };

  constexpr Lent(const Native* data, std::size_t size) noexcept : data_(data), size_(size) {}
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  Item operator[](std::size_t place) const { return Item(data_[place]); }
  constexpr Iterator begin() const noexcept { return Iterator(data_); }
  constexpr Iterator end() const noexcept { return Iterator(data_ + size_); }

 private:
  const Native* data_;
  std::size_t size_;
};

}  // namespace heddle

#endif
