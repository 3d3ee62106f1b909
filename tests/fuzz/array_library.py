"""Forms of the less common functions: products, transforms, sets, windows, bits, draws.

Of einsum, NumPy reads beyond an array whose axes of one letter have the lengths 0 and 2: these are given sizes.
"""

from __future__ import annotations

from tests.fuzz.array_forms import calls, table

DRAWS = "random standard_normal standard_exponential"
SEEDED = "uniform normal exponential gumbel laplace logistic lognormal rayleigh"

LIBRARY = table(
    "\n".join([
        calls("*", DRAWS, "{g}.@({x}.shape)"), calls("*", SEEDED, "{g}.@(size={x}.shape)"),
        calls("*", "normal uniform exponential random_sample", "np.random.@(size=2)"), calls("fc 1", "fft ifft fft2 ifft2 fftn hfft", "np.fft.@({x})"),
        calls("biuf 1", "rfft irfft ihfft", "np.fft.@({x}, axis={ax})"), calls("fc 1", "fft ifft", "np.fft.@({x}, n=3, axis={ax}, norm='ortho')"),
        calls("biuf 1", "intersect1d union1d setdiff1d setxor1d", "np.@({x}.ravel(), [0, 1])"), calls("*", "bartlett blackman hamming hanning", "np.@({x}.ndim + 3)"),
        calls("biuf 2", "det slogdet eigvalsh pinv cond cholesky eigh", "np.linalg.@(np.eye(3) * 2 + {x}[..., :1, :1].astype(float) * 0)"),
        calls("biufc 1", "vecdot array_equiv correlate", "np.@({x}, {x})"), calls("biuf 1", "nanargmax nanargmin nanmedian nanstd", "np.@({x}, axis={ax})"),
    ]) + """
*: {x}.flatten()
*: {x}.flatten({order})
* 2: {x}.mT
* 2: {x}.mT[{i}]
biuf 1: np.argpartition({x}, 0)
!biuf 1: np.cov({x} * 1.0)
biuf 2: np.corrcoef({x} + np.arange({x}.shape[-1]))
biufc: np.diagflat({x})
biufc 1: np.ediff1d({x})
biuf: np.geomspace(1, 8, {x}.ndim + 2)
biuf: np.logspace(0, {x}.ndim, 3)
!biuf 2: np.histogram2d({x}[0], {x}[0], bins=2)[0]
Mm: np.isnat({x})
M: np.is_busday({x}.astype('M8[D]'))
biufc 2: np.matvec({x}, {x}[..., 0, :])
biufc 2: np.vecmat({x}[..., 0, :], {x}.swapaxes(-1, -2))
!biufc 2: np.linalg.vecdot({x}, {x}, axis={ax})
biu: np.packbits({x} > 0)
!biu 1: np.packbits({x} > 0, axis={ax})
u 1: np.unpackbits({x}.astype('u1'))
!biu: np.unravel_index({x} % 4 * 1, (2, 2))
*: np.ravel_multi_index(([0, 1], [1, 0]), (2, {x}.ndim + 2))
!*: np.tril_indices(3, {k})
* 2: np.triu_indices_from({x}[:, :][(0,) * ({x}.ndim - 2)])
biuf 1: np.trim_zeros({x}.ravel())
*: np.identity({x}.ndim + 1)
biuf 1: np.linalg.multi_dot([{x}.reshape(1, -1), {x}.reshape(-1, 1)])
biuf 1: np.polyval({x}, 2)
biuf 1: np.trapezoid({x}, dx=0.5, axis={ax})
biuf: np.unwrap({x} * 1.0)
biufc 1: np.apply_over_axes(np.sum, {x}, [0])
biuf 1: np.cumulative_prod({x}, axis={ax}, include_initial=True)
biufc 1: np.linalg.outer({x}.ravel(), {x}.ravel())
biufc: np.multiply.outer({x}, {x})
!biufc: np.subtract.outer({x}, [1, 2])
biufc 1: np.nansum({x}, axis={ax}, keepdims=True)
biuf 1: np.select([{x} > 0, {x} < 0], [{x}, -{x} * 1])
!biufc 2: np.einsum({x}, [..., 0, 1], [..., 1, 0])
!biufc 2: np.einsum('...ij->...i', {x})
!biufc 2: np.einsum('...ii', np.resize({x}, (3, 2, 2)))
biufc 2: np.tensordot({x}, {x}, axes=([0], [0]))
biufc 2: np.linalg.matrix_transpose({x})
biufc 2: np.linalg.diagonal({x})
biufc 2: np.linalg.trace({x})
*: np.dstack([{x}, {x}])
*: np.require({x}, requirements='C')
!*: {x}.tobytes()
*: str({x}.dtype)
*: repr({x}.shape)
!*: np.array_str({x}[()])
*: np.ndim({x})
*: np.iscomplexobj({x})
*: np.can_cast({x}.dtype, 'f4')
*: np.promote_types({x}.dtype, {x}.dtype)
*: np.min_scalar_type({small})
*: np.broadcast_shapes({x}.shape, (1,))
* 1: np.ndenumerate({x}).__class__
* 1: [e for e in np.ndindex({x}.shape)]
!* 1: np.lib.stride_tricks.as_strided({x}, {x}.shape, {x}.strides)
!* 1: np.lib.stride_tricks.as_strided({x}[:1], ({x}[:1].size and 3, *{x}.shape[1:]), (0, *{x}.strides[1:]))
!*: np.ma.masked_array([1, 2], [0, 1]).sum()
!biufc 1: np.asmatrix({x}.reshape(1, -1)).T
!*: {g}.integers(0, 5, {x}.shape)
* 1: {g}.permuted({x}, axis={ax})
* 1: {g}.permutation({x})
* 1: {g}.choice({x})
biuf 1: memoryview({x}).shape
biufc 1: copy.copy({x})
biufc 1: copy.deepcopy({x})
""")
