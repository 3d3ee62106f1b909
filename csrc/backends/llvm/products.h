// Products of stacks of small matrices and vectors (np.matmul, np.einsum), written out.
//
// Model. The kernel's elements are matrices: it runs over the dimensions in front of them. For each product the rows of the second matrix are
// vectors (their ends, single elements), which the elements of the first one's rows are multiplied with. NumPy calls BLAS once for each product, which
// takes ten times as long.
//
// Requirements
//  1. Each element is a chain of multiplications and additions along the contracted axis, fused where the processor does that: what the
//     BLAS that NumPy comes with does with small matrices, too. As others add up in another order, products of floats are none of the exact mode, save float16's,
//     which NumPy adds up itself, in float32.
//  2. No lane computes what is not stored: it might set a status.
#pragma once

#include "backends/llvm/emit.h"
#include "ops/rules/products.h"

namespace segue::llvm {

/// A node that is such a product.
struct StackProduct {
  const Node* node = nullptr;
  StackedProduct form;
  ProductSizes sizes;
  DType dtype = DType::kF64;

  const Arg& factor(size_t i) const { return node->args[form[i].arg]; }
  const Type& type(size_t i) const { return *factor(i).as<ArgValue>().type; }
};

/// Nullopt for nodes that NumPy has to run. `exact`: as of fuse (fusion.h).
std::optional<StackProduct> stackProductOf(const Node& node, const DimTable& dims, bool exact);

KernelText emitProduct(const StackProduct& product, int vector_bytes);
struct ProductKernel {
  Kernel kernel;      ///< all but its code
  KernelCall call;    ///< what it is run on
};
ProductKernel productKernel(const StackProduct& product, const DimTable& dims);

}  // namespace segue::llvm
