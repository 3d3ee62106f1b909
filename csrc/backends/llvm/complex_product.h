// How the NumPy that is imported multiplies complex numbers.
//
// Its loops round once or twice in each part, as the processor and what they were compiled for have it; where fused multiplication and addition
// is used it is in re = fma(ar, br, -(ai * bi)), im = fma(ar, bi, ai * br). One product of arrays tells which.
#pragma once

#include "ops/dtype.h"

namespace segue::llvm {

enum class ProductForm : uint8_t {
  kPlain,      ///< each multiplication and addition is rounded
  kFused,
  kOther,      ///< kernels do not know it
};

struct ComplexProduct {
  ProductForm form = ProductForm::kOther;
  bool any_strides = false;   ///< also of arrays with negative strides, which some loops treat apart
};

/// `part`: float32 or float64.
const ComplexProduct& complexProduct(DType part);

}  // namespace segue::llvm
