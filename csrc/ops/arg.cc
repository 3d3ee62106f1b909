#include "ops/arg.h"

#include <cstring>

namespace segue {
namespace {

bool sameBits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool sameItems(const std::vector<Arg>& a, const std::vector<Arg>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (!sameArg(a[i], b[i])) return false;
  }
  return true;
}

}  // namespace

bool sameArg(const Arg& a, const Arg& b) {
  if (a.v.index() != b.v.index()) return false;
  if (a.is<bool>()) return a.as<bool>() == b.as<bool>();
  if (a.is<Dim>()) return a.as<Dim>() == b.as<Dim>();
  if (a.is<double>()) return sameBits(a.as<double>(), b.as<double>());
  if (a.is<std::complex<double>>()) {
    const auto& x = a.as<std::complex<double>>();
    const auto& y = b.as<std::complex<double>>();
    return sameBits(x.real(), y.real()) && sameBits(x.imag(), y.imag());
  }
  if (a.is<std::string>()) return a.as<std::string>() == b.as<std::string>();
  if (a.is<DType>()) return a.as<DType>() == b.as<DType>();
  if (a.isValue()) return a.as<ArgValue>().node == b.as<ArgValue>().node;
  if (a.is<ArgTuple>()) {
    const auto& x = a.as<ArgTuple>();
    const auto& y = b.as<ArgTuple>();
    return x.is_list == y.is_list && sameItems(x.items, y.items);
  }
  if (a.isSlice()) {
    const ArgSlice& x = *a.as<std::shared_ptr<const ArgSlice>>();
    const ArgSlice& y = *b.as<std::shared_ptr<const ArgSlice>>();
    return sameArg(x.start, y.start) && sameArg(x.stop, y.stop) && sameArg(x.step, y.step);
  }
  if (a.is<ArgObject>()) return a.as<ArgObject>().object.get() == b.as<ArgObject>().object.get();
  return true;  // None, Ellipsis and Missing have no contents
}

}  // namespace segue
