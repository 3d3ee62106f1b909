#include "base/python.h"

#include "backends/llvm/complex_forms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/imports.h"
#include "base/once.h"
#include "base/ref.h"

namespace segue::llvm {
namespace {

constexpr int kCount = 19;   ///< more than a vector, and not a whole number of them
constexpr int kSteps[] = {2, 3, -1, -2};

template <class Real>
struct Complex {
  Real real, imaginary;
};

template <class Real>
using Elements = std::array<Complex<Real>, kCount>;

/// Numbers whose products need rounding.
template <class Real>
Elements<Real> someElements(int seed) {
  Elements<Real> out;
  for (int i = 0; i < kCount; i++) {
    out[static_cast<size_t>(i)] = {Real(1) / static_cast<Real>(3 + 2 * i + seed), Real(1) / static_cast<Real>(7 - 4 * i - seed * seed)};
  }
  return out;
}

/// Rounded: no compiler fuses it with what follows.
template <class Real>
Real times(Real a, Real b) {
  volatile Real product = a * b;
  return product;
}

template <class Real>
Complex<Real> multiply(ProductForm form, const Complex<Real>& a, const Complex<Real>& b) {
  const Real real = times(a.imaginary, b.imaginary), imaginary = times(a.imaginary, b.real);
  if (form == ProductForm::kFused) return {std::fma(a.real, b.real, -real), std::fma(a.real, b.imaginary, imaginary)};
  return {times(a.real, b.real) - real, times(a.real, b.imaginary) + imaginary};
}

template <class Real>
Elements<Real> products(ProductForm form, const Elements<Real>& a, const Elements<Real>& b) {
  Elements<Real> out;
  for (size_t i = 0; i < out.size(); i++) out[i] = multiply(form, a[i], b[i]);
  return out;
}

template <class Real>
bool same(const Elements<Real>& a, const Elements<Real>& b) {
  return std::memcmp(a.data(), b.data(), sizeof(a)) == 0;
}

/// Smith's algorithm.
template <class Real>
Complex<Real> divide(const Complex<Real>& a, const Complex<Real>& b) {
  const bool first = std::fabs(b.real) >= std::fabs(b.imaginary);
  const Real greater = first ? b.real : b.imaginary, less = first ? b.imaginary : b.real;
  const Real ratio = less / greater, scale = Real(1) / (greater + times(less, ratio));
  if (first) return {times(a.real + times(a.imaginary, ratio), scale), times(a.imaginary - times(a.real, ratio), scale)};
  return {times(times(a.real, ratio) + a.imaginary, scale), times(times(a.imaginary, ratio) - a.real, scale)};
}

template <class Real>
Complex<Real> reciprocal(const Complex<Real>& b) {
  const bool first = std::fabs(b.real) >= std::fabs(b.imaginary);
  const Real greater = first ? b.real : b.imaginary, less = first ? b.imaginary : b.real;
  const Real ratio = less / greater, sum = greater + times(less, ratio);
  return first ? Complex<Real>{Real(1) / sum, -ratio / sum} : Complex<Real>{ratio / sum, Real(-1) / sum};
}

/// What NumPy's function makes of `a`, whose elements are so many elements apart in memory, and `b`, or of `b` alone; nullopt where it raises.
template <class Real>
std::optional<Elements<Real>> numpyMakes(const char* function, const Elements<Real>& a, const Elements<Real>& b, int type, int step) {
  std::vector<Complex<Real>> apart(kCount * static_cast<size_t>(std::abs(step)));
  Complex<Real>* first = step < 0 ? &apart.back() : apart.data();
  for (int i = 0; i < kCount; i++) first[i * step] = a[static_cast<size_t>(i)];
  Elements<Real> out;
  npy_intp size = kCount, stride = step * static_cast<npy_intp>(sizeof(Complex<Real>));
  auto view = [&size, type](const void* data, npy_intp* strides) {
    return Ref::steal(PyArray_New(&PyArray_Type, 1, &size, type, strides, const_cast<void*>(data), 0, NPY_ARRAY_WRITEABLE, nullptr));
  };
  const Ref x = view(first, &stride), y = view(b.data(), nullptr), result = view(out.data(), nullptr);
  const Ref numpy = importModule("numpy");
  if (!x || !y || !result || !numpy) return std::nullopt;
  const Ref callable = Ref::steal(PyObject_GetAttrString(numpy.get(), function));
  if (!callable) return std::nullopt;
  const bool one = std::string_view(function) == "reciprocal";
  const Ref made = Ref::steal(one ? PyObject_CallFunctionObjArgs(callable.get(), y.get(), result.get(), nullptr)
                                  : PyObject_CallFunctionObjArgs(callable.get(), x.get(), y.get(), result.get(), nullptr));
  return made ? std::optional(out) : std::nullopt;
}

template <class Real>
ComplexForms findOut(int type) {
  const Elements<Real> a = someElements<Real>(0), b = someElements<Real>(1);
  auto makes = [&](const char* function, const Elements<Real>& expected, int step) {
    const std::optional<Elements<Real>> made = numpyMakes(function, a, b, type, step);
    if (!made) PyErr_Clear();
    return made && same(*made, expected);
  };
  ComplexForms out;
  for (const ProductForm form : {ProductForm::kPlain, ProductForm::kFused}) {
    const Elements<Real> expected = products(form, a, b);
    if (!makes("multiply", expected, 1)) continue;
    out.product = form;
    out.any_strides = std::all_of(std::begin(kSteps), std::end(kSteps), [&](int step) { return makes("multiply", expected, step); });
  }
  Elements<Real> quotients, reciprocals;
  for (size_t i = 0; i < a.size(); i++) {
    quotients[i] = divide(a[i], b[i]);
    reciprocals[i] = reciprocal(b[i]);
  }
  out.quotients = makes("divide", quotients, 1) && makes("reciprocal", reciprocals, 1);
  return out;
}

}  // namespace

const ComplexForms& complexForms(DType part) {
  static constinit Once<ComplexForms> single, twice;
  return part == DType::kF32 ? single.get([] { return findOut<float>(NPY_CFLOAT); }) : twice.get([] { return findOut<double>(NPY_CDOUBLE); });
}

}  // namespace segue::llvm
