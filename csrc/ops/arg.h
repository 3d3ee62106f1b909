// An operator's argument: a graph value, or an immutable constant or symbolic integer known at trace time.
// Args nest (an index tuple holds slices that hold symbolic ints and arrays).
#pragma once

#include <complex>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/ref.h"
#include "ops/type.h"

namespace segue {

struct Node;  // graph/graph.h; ops only needs its type

struct Arg;
struct ArgTuple {
  std::vector<Arg> items;
  bool is_list = false;  ///< passed to NumPy as a list rather than a tuple
};
struct ArgSlice;

/// A use of a graph value. The type is the node's own (owned by the graph).
struct ArgValue {
  Node* node = nullptr;
  const Type* type = nullptr;
};
struct ArgNone {};       ///< Python's None (newaxis too)
struct ArgEllipsis {};
struct ArgMissing {};    ///< not passed: NumPy's own default applies
/// Any other constant object passed through to NumPy untouched (a casting string is a std::string, not this).
struct ArgObject {
  Ref object;
};

struct Arg {
  using Variant = std::variant<ArgMissing, ArgNone, bool, Dim, double, std::complex<double>, std::string, DType,
                               ArgEllipsis, ArgValue, ArgTuple, std::shared_ptr<const ArgSlice>, ArgObject>;
  Variant v;

  Arg() = default;
  template <class T>
    requires std::is_constructible_v<Variant, T>
  Arg(T value) : v(std::move(value)) {}  // NOLINT: an Arg is a sum type

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(v);
  }
  template <class T>
  const T& as() const {
    return std::get<T>(v);
  }
  bool missing() const { return is<ArgMissing>(); }
  bool isNone() const { return is<ArgNone>(); }
  bool isValue() const { return is<ArgValue>(); }
  bool isSlice() const { return is<std::shared_ptr<const ArgSlice>>(); }
};

struct ArgSlice {
  Arg start, stop, step;  ///< ArgNone where Python's slice has None
};

/// Calls visit(ArgValue&) on every graph value in the tree, left to right. Slices are immutable and shared: a pass that
/// replaces a value inside one rebuilds it with `mapValues`.
template <class Visit>
void forEachValue(const Arg& arg, Visit&& visit) {
  if (arg.isValue()) {
    visit(arg.as<ArgValue>());
  } else if (arg.is<ArgTuple>()) {
    for (const Arg& item : arg.as<ArgTuple>().items) forEachValue(item, visit);
  } else if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    forEachValue(slice.start, visit);
    forEachValue(slice.stop, visit);
    forEachValue(slice.step, visit);
  }
}

/// The tree with every graph value replaced by map(value).
template <class Map>
Arg mapValues(const Arg& arg, Map&& map) {
  if (arg.isValue()) return map(arg.as<ArgValue>());
  if (arg.is<ArgTuple>()) {
    ArgTuple out{{}, arg.as<ArgTuple>().is_list};
    for (const Arg& item : arg.as<ArgTuple>().items) out.items.push_back(mapValues(item, map));
    return out;
  }
  if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    return std::make_shared<const ArgSlice>(
        ArgSlice{mapValues(slice.start, map), mapValues(slice.stop, map), mapValues(slice.step, map)});
  }
  return arg;
}

bool sameArg(const Arg& a, const Arg& b);  ///< structural equality; floats by bits, objects by identity

}  // namespace segue
