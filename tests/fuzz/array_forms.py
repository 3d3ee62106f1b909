"""What generated programs of arrays are made of: one form a line, with the kinds of dtype and the least rank of the array {x} before it.

Kinds are NumPy's letters; `*` means any. A `!` before them marks what mostly breaks: few programs have much of it, so that
segments get long. {y} is an operand that broadcasts with {x}; `array_slots.py` has the other names.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.fuzz.memory import PADDED


@dataclass(frozen=True)
class Form:
    kinds: str
    rank: int
    text: str
    breaks: bool = False

    def fits(self, array) -> bool:
        if array.dtype.char in PADDED and any(word in self.text for word in (".view(", "byteswap")):
            return False  # would show the bytes that pad such numbers, which NumPy leaves as memory was
        return array.ndim >= self.rank and (self.kinds == "*" or array.dtype.kind in self.kinds)


def table(lines: str) -> tuple[Form, ...]:
    forms = []
    for line in lines.strip().splitlines():
        head, text = line.strip().split(": ", 1)
        kinds, _, rank = head.partition(" ")
        forms.append(Form(kinds.removeprefix("!"), int(rank or 0), text, kinds.startswith("!")))
    return tuple(forms)


def calls(head: str, names: str, text: str) -> str:
    """A line for each of the names, which stand for @ in the text."""
    return "\n".join(f"{head}: {text.replace('@', name)}" for name in names.split())


UNARY_FLOAT = "sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh"
UNARY_REAL = "floor ceil trunc rint fabs cbrt deg2rad rad2deg signbit spacing isnan isinf isfinite sign sinc i0"
UNARY_ANY = "negative positive absolute square conjugate logical_not sign isfinite isnan isinf reciprocal"
BINARY_NUMBER = "add subtract multiply divide maximum minimum fmax fmin equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor power"
BINARY_REAL = "floor_divide remainder fmod arctan2 hypot copysign nextafter logaddexp logaddexp2 heaviside float_power"
LOGICAL = "logical_or logical_and"
BINARY_BITS = "bitwise_and bitwise_or bitwise_xor"
BINARY_INT = "left_shift right_shift gcd lcm"
REDUCING = "add multiply maximum minimum"
KEYWORDS = "out={x}", "out={o}", "where={m}, out={o}", "dtype={dt}", "casting='unsafe', out={o}", "order={order}", "casting='same_kind'"

VIEWS = table("""
* 1: {x}[{basic}]
* 1: {x}[{basic}]
* 1: {x}[{basic}]
* 1: {x}[{basic}][{dots}]
*: {x}[{dots}]
*: {x}.T
* 2: {x}.T[{i}]
*: {x}.transpose({perm})
* 2: {x}.swapaxes({ax}, {ax})
*: {x}.reshape({shape})
*: {x}.reshape({shape}, order={order})
*: np.reshape({x}, {shape})
*: {x}.ravel()
!*: {x}.ravel(order={order})
*: np.ravel({x})
biufcMm: {x}.real
c: {x}.imag
c: {x}.real[{dots}]
* 2: {x}.diagonal({k})
* 2: np.diagonal({x}, {k}, {ax}, {ax})
*: {x}.squeeze()
*: np.squeeze({x})
*: np.expand_dims({x}, {axn})
*: {x}.view()
iuf: {x}.view({same})
c 1: {x}.view({parts})
!iufc 1: {x}.view('u1')
!iuf 1: {x}.view({dt})
*: np.broadcast_to({x}, (2,) + {x}.shape)
* 1: np.broadcast_to({x}[{i}], {x}.shape)
* 1: np.flip({x})
* 1: np.flip({x}, {ax})
* 2: np.fliplr({x})
* 1: np.flipud({x})
* 2: np.rot90({x})
* 2: np.moveaxis({x}, {ax}, {ax})
* 2: np.swapaxes({x}, 0, -1)
* 2: np.rollaxis({x}, {ax})
*: np.atleast_1d({x})
*: np.atleast_2d({x})
*: np.atleast_3d({x})
* 1: np.split({x}, 1)[0]
* 1: np.array_split({x}, 2)[1]
* 1: np.array_split({x}, 2, axis={ax})[0]
* 1: np.split({x}, [1], axis={ax})[-1]
* 2: np.hsplit({x}, 1)[0]
* 1: np.vsplit({x}, {x}.shape[:1][0])[0]
*: np.asarray({x})
*: np.asanyarray({x})
*: np.ascontiguousarray({x})
*: np.asfortranarray({x})
*: {x}.astype({x}.dtype, copy=False)
*: np.broadcast_arrays({x}, {y})[0]
!* 1: np.lib.stride_tricks.sliding_window_view({x}, 2, axis={ax})
* 2: np.matrix_transpose({x})
V: {x}['f0']
V: {x}['f1'][{dots}]
V: {x}[['f1', 'f0']]
!biufcMm 1: {x}.flat[{flat}]
* 1: np.unstack({x})[0]
!* 1: {x}[{basic}].base
*: np.permute_dims({x})
""")

INDEXING = table("""
* 1: {x}[{fancy}]
* 1: {x}[{fancy}]
* 1: {x}[{fancy}]
* 1: np.take({x}, {ints})
* 1: np.take({x}, {ints}, axis={ax}, mode={mode})
* 1: np.take({x}, [0, 5, -7], axis={ax}, mode='wrap')
* 1: {x}.take({ints}, axis=0)
* 1: np.take_along_axis({x}, np.argsort({x}, axis={a0}), {a0})
iu 1: {t}[{x} % 3]
iu 1: {t}[{x} % 3] * 2 + {x}
i 1: {t}[{x} % 3 - 3]
i 1: {t}[~({x} & 1)][::-1]
iu 1: np.take({t}, {x} % 3)
biuf 1: {t}[({x} * {x}).astype(int) % 3].sum()
* 1: np.compress([True, False], {x}, axis={ax})
biuf 1: {x}[{m}]
biufcMm 1: np.extract({m}, {x})
biuf: np.nonzero({x})
biuf 1: np.nonzero({x})[0]
biuf: np.flatnonzero({x})
biuf: np.argwhere({x})
* 1: {x}[np.ix_({lists})]
* 1: {x}[np.arange({x}.shape[0]), ...]
!* 1: np.delete({x}, {i}, axis=0)
* 1: {x}[{fancy}][{dots}]
* 2: {x}[{i}, [0, -1]]
* 1: {x}[..., {ints}]
* 1: {x}[None, {ints}]
!* 1: {x}[np.array({i}), ...]
!* 1: {x}[np.bool_(True)]
biuf 1: np.choose({x} > 0, ({x}, {y}))
""")

POINTWISE = table(
    "\n".join([
        calls("biuf", UNARY_FLOAT, "np.@({x})"), calls("fc", UNARY_FLOAT, "np.@({x})"), calls("biuf", UNARY_REAL, "np.@({x})"),
        calls("iufcm", UNARY_ANY, "np.@({x})"), calls("biufc", BINARY_NUMBER, "np.@({x}, {y})"), calls("biufc", BINARY_NUMBER, "np.@({x}, {n})"),
        calls("iuf", BINARY_REAL, "np.@({x}, {y})"), calls("biu", BINARY_BITS, "np.@({x}, {y})"), calls("iu", BINARY_INT, "np.@({x}, {small})"),
        calls("Mm", "add subtract maximum minimum equal less", "np.@({x}, {y})"),
        *(calls("biufc", "add multiply maximum less divide subtract", f"np.@({{x}}, {{y}}, {words})") for words in KEYWORDS),
        *(calls("f", "sqrt negative exp floor absolute", f"np.@({{x}}, {words})") for words in KEYWORDS),
        *(calls("iufcm", "negative absolute square", f"np.@({{x}}, {words})") for words in KEYWORDS[:5]),
        calls("!biufc", "add multiply less subtract", "np.@({x}, {y}, out=({o},))"), calls("!f", "sqrt negative", "np.@({x}, out=({o},))"),
    ]) + """
biufcSU: {x} == {y}
*: {x} != {x}
biufc: {x} + {y}
biufc: {x} - {y}
biufc: {x} * {y}
biufc: {x} / {y}
biufc: {x} + {n}
biufc: {n} - {x}
biufc: {n} * {x}
iuf: {x} // {n}
iuf: {x} % {n}
iuf: {n} // {x}
iufc: {x} ** {small}
iufc: {x} ** 2
biufc: -(+{x} * 1)
biufcm: abs({x})
biu: ~{x}
biu: {x} & {y}
biu: {x} | {n}
iu: {x} << {small}
iu: {small} << {x}
biuf: {x} < {y}
biuf: {x} >= {n}
biufMm: {n} > {x}
Mm: {x} - {x}
Mm: {x} + {n}
m: {x} * 2
m: {x} / {x}
m: {x} // np.timedelta64(2, 's')
M: {x}.astype('M8[h]')
SU: {x} + {x}
SU: np.strings.upper({x})
SU: np.char.add({x}, {x})
SU: np.strings.str_len({x})
SU: {x} < {n}
biuf: divmod({x}, {n})
biuf: np.divmod({x}, {y})[1]
f: np.modf({x})
f: np.frexp({x})[0]
f: np.ldexp({x}, {small})
biufc: np.where({m}, {x}, {y})
*: np.where({m}, {x}, {x})
biufc: np.where({m}, {n}, {x})
biufc: np.select([{m}, {m}], [{x}, {y}], {n})
biuf: np.clip({x}, {n}, None)
biuf: {x}.clip({n}, {n})
biuf: np.clip({x}, -1, {y}, out={o})
!biufc: {x}.clip(max={y})
!biuf: np.round({x}, {k})
fc: {x}.round(1)
!fc: np.around({x}, out={o})
biufc: {x}.astype({dt})
*: {x}.astype({x}.dtype)
biufc: {x}.astype({dt}, order={order}, casting='same_kind')
biufc: np.astype({x}, {dt})
biufc: {x}.conj()
biufcMm: {x}.imag
*: {x}.copy()
*: {x}.copy(order={order})
*: np.copy({x})
*: np.array({x})
*: np.array({x}, copy=None)
*: np.array({x}, ndmin=2)
biufc: np.array({x}, dtype={dt})
biufc: np.asarray({x}, {dt})
fc: np.nan_to_num({x})
c: np.angle({x})
biufc: np.iscomplex({x})
biufc: np.isreal({x})
biufc: np.isclose({x}, {y})
*: {x}.byteswap()
iuf: np.isin({x}, [1, 2])
iu: np.bitwise_count({x})
iu: np.invert({x}, out={o})
!biuf: np.interp({x}, [0.0, 1.0], [1.0, 3.0])
!biuf: np.digitize({x}, [0.0, 1.0])
biuf: np.nan_to_num({x}, nan={n})
biufc: {x}.__add__({y})
biufc: np.add({x}, {y}).T
biufc: np.multiply(np.add({x}, 1), {y}, out={o})
""")

REDUCTIONS = table(
    "\n".join([
        calls("biufc", "sum prod mean max min any all", "{x}.@()"), calls("biufc", "sum prod max min any all mean", "{x}.@(axis={axn})"),
        calls("biufc", "sum prod max min mean", "np.@({x}, axis={axn}, keepdims=True)"), calls("biufc", "sum prod", "np.@({x}, dtype={dt}, axis={axn})"),
        calls("biuf", "sum max min prod", "np.@({x}, initial={n}, where={m})"), calls("biuf 1", "argmax argmin", "{x}.@()"),
        calls("biuf 1", "argmax argmin", "np.@({x}, axis={ax}, keepdims={bool})"), calls("biuf", "std var", "np.@({x})"),
        calls("biuf 1", "std var", "{x}.@(axis={ax}, ddof={k})"), calls("biufc 1", "cumsum cumprod", "{x}.@(axis={ax})"),
        calls("biufc", "cumsum cumprod", "np.@({x})"), calls("biufc 1", REDUCING, "np.@.reduce({x}, axis={axn})"),
        calls("biufc 1", REDUCING, "np.@.reduce({x}, axis={axn}, keepdims={bool}, initial={n})"), calls("biufc 1", REDUCING, "np.@.accumulate({x}, {ax})"),
        calls("biufc 1", REDUCING, "np.@.reduceat({x}, {edges})"), calls("biufc 1", REDUCING, "np.@.outer({x}, {y})"),
        calls("!biufc 1", LOGICAL, "np.@.reduce({x}, axis={axn}, initial={n})"), calls("!biufc 1", LOGICAL, "np.@.accumulate({x}, {ax})"),
        calls("!biufc 1", LOGICAL, "np.@.reduceat({x}, {edges})"), calls("biufc 1", LOGICAL, "np.@.reduce({x}, axis={axn})"),
        calls("!biuf", "nanmax nanmean nanmin", "np.@({x})"), calls("biuf 1", "nansum nanprod", "np.@({x}, axis={ax})"),
        calls("biuf", "median ptp count_nonzero average", "np.@({x})"), calls("biuf 1", "median ptp count_nonzero average", "np.@({x}, axis={ax})"),
        calls("!biufc 1", "sum max cumsum", "np.@({x}, axis={ax}, out={r})"), calls("Mm 1", "max min", "{x}.@(axis={ax})"),
    ]) + """
biuf: np.percentile({x}, 50)
!biuf 1: np.quantile({x}, [0.25, 0.5], axis={ax})
biufc 2: np.trace({x})
biufc: np.linalg.norm({x})
biufc 1: np.linalg.norm({x}, axis={ax})
biuf 1: np.bitwise_or.reduce({x} > 0)
biufc: {x}.sum(where={m})
biufc: np.array_equal({x}, {y})
biuf: np.allclose({x}, {y})
biufc 1: np.diff({x}, axis={ax})
biuf 1: np.diff({x}, prepend=0)
biuf 1: np.gradient({x} * 1.0)
biuf: np.unique({x})
biuf: np.histogram({x}, bins=3)[0]
biu 1: np.bincount(abs({x}.ravel()).astype('i8') % 5)
biu 1: np.bincount(abs({x}.ravel()).astype('i8') % 7, weights={x}.ravel() * 0.1, minlength=4)
biufc: sum({x}.ravel())
biufc 1: np.add.reduce({x}, axis=None, dtype={dt})
iu: np.bitwise_and.reduce({x}, axis=None)
biufc: np.cumulative_sum({x}.ravel())
!biuf: max({x}.ravel().tolist() or [0])
""")

JOINING = table("""
*: np.concatenate(({x}, {x}))
biufc: np.concatenate([{x}, {y}])
biufc 1: np.concatenate(({x}, {x}), axis={ax})
biufc: np.concatenate(({x}, {y}), axis=None)
!biufc 1: np.concatenate(({x}, {x}), axis=0, dtype={dt}, casting='unsafe')
biufc: np.stack([{x}, {y}])
*: np.stack(({x}, {x}), axis={axi})
*: np.hstack(({x}, {x}))
biufc: np.vstack([{x}, {y}])
biufc: np.dstack(({x}, {x}))
biufc: np.column_stack(({x}, {x}))
biuf 1: np.concatenate([{x} + 1, {x}, {x} * {x}])
biuf 1: np.concatenate(({x}, {x} == {x}, {x}[:1] * 2), axis=0)
biuf 1: np.concatenate([{x} * 2, {x} - {x}], axis={ax})
biuf 1: np.concatenate([{x}[:1], {x}[1:] + {x}[:-1], {x}[-1:]])
biuf: np.concatenate([{x}.ravel() + {small}, {x}.ravel()], axis=None)
iuf 1: np.concatenate((-{x}, {y}.astype({dt})), axis=-1)
biuf: np.stack([{x} * 1, {x}, np.maximum({x}, {x})], axis={axi})
biuf: np.vstack([{x} * 1, {y} + {x}])
biuf: np.hstack(({x}, {x} | {x} if {x}.dtype.kind in 'biu' else {x} * 2))
biuf: np.dstack([{x} + {x}, {x}])
biuf: np.column_stack([{x}, {x} * {x}, {x} > 0])
biuf 1: np.hstack([np.vstack([{x}[:1] + 1, {x}]), np.vstack([{x}, {x}[-1:] * 2])])
biuf 1: np.concatenate([{x} + 1, {x}])[::-1] - np.concatenate([{x}, {x}])
biufc: np.array([{x}, {y}])
biufc: np.append({x}, {n})
*: np.tile({x}, 2)
*: np.tile({x}, (2, 1))
*: np.repeat({x}, 2)
* 1: np.repeat({x}, [1] * {x}.shape[{a0}], axis={a0})
* 1: {x}.repeat(2, axis={ax})
* 1: np.roll({x}, {k})
* 1: np.roll({x}, {k}, axis={ax})
biufc 1: np.pad({x}, 1)
biufc 1: np.pad({x}, (1, 0), mode='edge')
!biufc 1: np.insert({x}, 0, {n}, axis=0)
biufc: np.resize({x}, 5)
!biufc: np.meshgrid({x}.ravel(), [1, 2])[0]
biufc: np.block([{x}, {x}])
biufc 2: np.triu({x}, {k})
biufc 2: np.tril({x})
biufc 1: np.diag({x})
biufc: np.outer({x}, {y})
biufc: np.kron({x}, {y})
biufc 1: np.r_[{x}, {x}]
biufc 1: np.c_[{x}, {x}]
biufc: np.zeros_like({x})
biufc: np.ones_like({x}, dtype={dt})
*: np.zeros({x}.shape, {x}.dtype)
biufc: np.full({x}.shape, {n})
biufc: np.full_like({x}, {small})
biufc: np.empty_like({x}) * 0 if False else np.zeros_like({x}, order={order})
*: np.arange({x}.size)
*: np.arange({x}.ndim, {x}.ndim + 4.0, 1.5)
*: np.eye(2, 3, {k})
!*: np.linspace(0, {n}, 4)
*: np.ones((2, {x}.ndim + 1))[:, :{k}]
*: np.indices((2, 2))[0]
*: np.tri(3, k={k})
*: np.array([{n}, 1.5])
*: np.array([[1, 2], [3, {x}.ndim]], {dt})
*: np.asarray({n})
*: np.array({n}, {dt})
""")

ORDERING = table("""
* 1: np.sort({x}, axis={ax})
* 1: np.sort({x}, axis=None)
*: np.argsort({x}, axis=None, kind='stable')
* 1: {x}.argsort(axis={ax}, kind='stable')
biuf 1: np.partition({x}, 0)
biuf 1: np.searchsorted(np.sort({x}.ravel()), {n})
biuf 1: np.searchsorted(np.sort({x}.ravel()), {y}, side='right')
biuf 1: np.lexsort(({x}, {x}))
biufc: np.flatnonzero({m})
biufc 2: {x} @ {x}.T
biufc 1: {x} @ {x}.T
biufc 1: np.dot({x}, {x}.T)
biufc 1: np.inner({x}, {x})
biufc: np.vdot({x}, {x})
biufc 2: np.matmul({x}, {x}.swapaxes(-1, -2))
biuf 3: {x} @ {x}[0].swapaxes(-1, -2)
biuf 3: {x}[0] @ {x}.swapaxes(-1, -2)
biuf 3: np.matmul({x}, {x}[..., 0, :, None])[..., 0]
biuf 3: {x} @ {x}[0, 0]
!biuf 3: np.einsum('nij,nkj->nik', {x}, {x})
!biuf 3: np.einsum('nij,j->ni', {x}, {x}[0, 0])
!biuf 2: np.einsum('ni,ni->n', {x}, {x})
biufc 1: np.tensordot({x}, {x}, axes={x}.ndim)
!biufc 1: np.einsum('...i,...i->...', {x}, {x})
!biufc 2: np.einsum('...ij->...ji', {x})
!biufc 1: np.einsum('...i->i...', {x})
!biufc 2: np.einsum('...ij,...kj->...ik', {x}, {x}, optimize=True)
!biufc 2: np.einsum('ii->i', np.resize({x}, (2, 2)))
fc 2: np.linalg.det({x} @ {x}.swapaxes(-1, -2))
!biuf 2: np.linalg.solve(np.eye({x}.shape[-2]) * 3, {x})
biuf 2: np.linalg.inv(np.eye({x}.shape[-1]) * 2 + 0 * {x}[..., :1, :])
biuf 2: np.linalg.eigvalsh({x} @ {x}.swapaxes(-1, -2) * 1.0)
!biuf 2: np.linalg.svd({x} * 1.0, compute_uv=False)
biuf 2: np.linalg.qr({x} * 1.0)[1].shape
!biuf 2: np.linalg.matrix_rank({x})
biufc 2: np.linalg.matrix_power({x} @ {x}.swapaxes(-1, -2), 2)
!biuf 1: np.cross([1, 2, 3], [{n}, 0, 1])
!biuf 1: np.convolve({x}.ravel()[:4], [1, 2])
fc 1: np.fft.fft({x})
biuf 1: np.fft.rfft({x}, axis={ax})
biuf 1: np.trapezoid({x})
!biuf 1: np.apply_along_axis(np.sum, {ax}, {x})
!biuf 1: np.vectorize(abs)({x})
biuf: np.piecewise({x} * 1.0, [{x} > 0], [1, -1])
!biuf: np.frompyfunc(abs, 1, 1)({x})
!biufc: np.array({x}, dtype=object) + 1
!biufc: {x}.astype(object).astype({x}.dtype)
""")

SCALARS = table("""
* 1: {x}[{element}]
* 1: {x}[{element}]
* 1: {x}[{element}].item()
*: {x}.item({i0})
biufc 1: {x}.item({element})
biuf: float({x}.sum())
biuf: int({x}.sum())
biufc: {x}.sum().item()
biuf: float({x}.ravel()[0])
biuf: int({x}.max())
!biuf: bool({x}.any())
biuf 1: float({x}[{element}])
biuf 1: int({x}[{element}])
!biufc 1: complex({x}[{element}])
biufc: {x}.mean()
*: {x}.size
*: {x}.shape[0]
*: {x}.ndim
*: {x}.nbytes
!*: {x}.strides
*: {x}.dtype.itemsize
*: {x}.flags.writeable
*: np.shares_memory({x}, {v})
*: np.may_share_memory({x}, {v})
*: {x}.dtype == {v}.dtype
*: {x}.shape == {v}.shape
*: {x} is {v}
*: {x}.tolist()
* 1: len({x})
biufc 1: {x}[{element}] * 2
biufc 1: {x}[{element}] + {x}[{element}]
biuf 1: {x}[{element}] > 0
biufc 1: {x}[{element}].dtype
biuf 1: -abs({x}[{element}])
!biuf 1: round(float({x}[{element}]), 1)
!biu 1: range(5)[{x}[{element}] % 5]
biufc: {x}.dtype.type({small})
biuf: {x}.dtype.type({n}) + {x}
biufc: np.float32({small}) * {x}
biufc: np.result_type({x}, {n})
biuf: np.argmax({x})
biuf: {x}.max() - {x}.min()
biufc: np.dot({x}.ravel(), {x}.ravel())
* 1: tuple({x})
* 1: list({x})[0]
* 1: [e for e in {x}][-1]
""")

FAILING = table("""
* 1: {x}[{x}.shape[0] + 3]
*: {x}.reshape({x}.size + 1)
*: {x}['no']
*: {x}[1.5]
biufc: {x} + np.ones((7, 11))
biu: np.add({x}, 0.5, out={x})
*: np.sum({x}, axis=9)
* 1: {x}[99] = 1
* 1: {x}.item(99)
biufc 1: np.take({x}, [99])
* 1: np.concatenate(({x}, 1))
*: np.frombuffer({x}.dtype)
*: int({x}.reshape(-1)[:0])
* 1: {x}[[0, 99]]
iu 1: {t}[{x} + 99] + {t}[{x} % 3]
iu 1: np.take({t}, {x} % 3 + 99)
i 1: {t}[{x} - 99].sum()
c: {x}.astype('no')
*: np.linalg.inv(np.zeros((2, 2)))
*: np.linalg.det(np.ones((2, 3)))
*: np.broadcast_to({x}, (0, 7, 9))[...] + np.ones((5, 2))
*: np.array([[1], [1, 2]])
*: np.asarray({x}).transpose(5, 6)
*: np.arange(3)[np.array([True, False])]
*: bool(np.arange(2))
*: np.stack([])
*: np.einsum('ij', {x}, {x})
*: {x}.missing
*: np.zeros(-1)
*: np.full(2, 300, 'u1')
*: np.uint8(300)
*: np.arange(3, dtype='i1') + 300
*: np.array([1, 2]) ** -1
*: np.broadcast_to(np.arange(3), (2, 3)).__setitem__(0, 1)
""")
