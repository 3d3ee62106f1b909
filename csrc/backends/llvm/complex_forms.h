// How the NumPy that is imported multiplies and divides complex numbers.
//
// Its loops round once or twice in each part of a product, as the processor and what they were compiled for have it; where fused multiplication
// and addition is used it is in re = fma(ar, br, -(ai * bi)), im = fma(ar, bi, ai * br). Quotients are loops of C, which compilers may fuse. Some
// products and quotients of arrays tell which.
#pragma once

#include "ops/dtype.h"

namespace segue::llvm {

enum class ProductForm : uint8_t {
  kPlain,      ///< each multiplication and addition is rounded
  kFused,
  kOther,      ///< kernels do not know it
};

struct ComplexForms {
  ProductForm product = ProductForm::kOther;
  bool any_strides = false;   ///< also of arrays with negative strides, which some loops treat apart
  bool quotients = false;     ///< those and reciprocals round every operation of Smith's algorithm
};

/// `part`: float32 or float64.
const ComplexForms& complexForms(DType part);

}  // namespace segue::llvm
