"""What generated programs are made of: forms of expressions and statements. {0} and {1} are arrays."""

ARITHMETIC = ("+", "-", "*", "/", "//", "%")
COMPARISONS = ("<", "<=", "==", "!=", ">", ">=")
BITWISE = ("&", "|", "^")
UNARY = (
    "-{0}", "+{0}", "abs({0})", "np.negative({0})", "np.square({0})", "np.sign({0})", "np.sqrt(abs({0}))",
    "np.exp({0} * 0.25)", "np.sin({0})", "np.cos({0})", "np.tanh({0})", "np.floor({0})", "np.ceil({0})", "np.rint({0})",
    "np.isnan({0})", "np.isfinite({0})", "np.logical_not({0})", "np.conjugate({0})", "{0}.copy()", "{0}.conj()",
    "{0}.real", "{0}.imag", "np.log1p(abs({0}))", "np.reciprocal({0} + 9)", "~{0}", "np.absolute({0})", "{0}.flatten()",
    "np.cbrt({0})", "np.exp2({0} * 0.25)", "np.expm1({0} * 0.1)", "np.log2(abs({0}) + 1)", "np.arctan({0})", "np.sinh({0} * 0.1)",
    "np.trunc({0})", "np.signbit({0})", "np.isinf({0})", "np.fabs({0})", "np.deg2rad({0})", "np.nan_to_num({0})", "np.positive({0})",
    "np.triu({0})", "np.tril({0})", "np.diff({0})", "np.round({0} * 0.5, 1)", "np.modf({0})[0]", "np.frexp({0})[1]", "np.diag({0})",
    "{0} ** 2", "2 ** {0}", "{0} ** 0.5", "abs({0}) ** 1.5", "np.iscomplex({0})", "np.angle({0})",
    "{0} * 1j", "abs({0} + 0.5j)", "np.exp({0} * 0.5j)", "({0} * np.conj({0} * 1j)).imag", "1 / (1 + {0} * 0.25j)", "({0} + 2j).real",
)
BINARY_FUNCTIONS = (
    "np.add({0}, {1})", "np.subtract({0}, {1})", "np.multiply({0}, {1})", "np.maximum({0}, {1})", "np.minimum({0}, {1})",
    "np.arctan2({0}, {1})", "np.hypot({0}, {1})", "np.logical_and({0}, {1})", "np.logical_or({0}, {1})",
    "np.where({0} > {1}, {0}, {1})", "np.where({0} != 0, {1}, 0)", "np.clip({0}, -1, {1})", "np.fmax({0}, {1})",
    "np.concatenate(({0}, {1}))", "np.stack(({0}, {1}))", "np.outer({0}, {1})", "np.dot({0}, {1})", "{0} @ {1}",
    "np.copysign({0}, {1})", "np.equal({0}, {1})", "np.greater({0}, {1})",
    "np.divmod({0}, {1})[0]", "np.fmod({0}, {1})", "np.float_power(abs({0}), 2)", "np.logaddexp({0} * 0.1, {1} * 0.1)",
    "np.nextafter({0}, {1})", "np.ldexp({0}, 2)", "np.heaviside({0}, 0.5)", "np.logical_xor({0}, {1})", "np.not_equal({0}, {1})",
    "np.vstack(({0}, {1}))", "np.hstack([{0}, {1}])", "np.column_stack(({0}, {1}))", "np.inner({0}, {1})", "np.matmul({0}, {1})",
    "np.einsum('i,i->i', {0}, {1})", "np.einsum('ij,jk', {0}, {1})", "np.tensordot({0}, {1}, axes=1)", "np.array([{0}, {1}])",
    "np.broadcast_arrays({0}, {1})[0]", "np.array_equal({0}, {1})", "np.isclose({0}, {1})", "np.gcd({0}, {1})",
    "np.left_shift({0}, 2)", "np.multiply.outer({0}, {1})", "np.vdot({0}, {1})", "np.kron({0}, {1})", "np.append({0}, {1})",
    "np.where({0} > 0, {1}, {1}.dtype.type(3))", "np.select([{0} > 0], [{1}], 0)", "np.searchsorted(np.sort({0}), {1})",
    "{0} + {1} * 1j", "({0} - 1j) * ({1} + 2j)", "np.where({0} == {1}, {0} * 1j, {1})", "{0} / ({1} + 0.5j)",
)
REDUCTIONS = (
    "{0}.sum()", "np.sum({0}, axis={a})", "{0}.mean(axis={a})", "{0}.max()", "{0}.min(axis={a})", "np.prod({0})",
    "{0}.any()", "{0}.all(axis={a})", "{0}.argmax()", "np.argmin({0}, axis={a})", "np.cumsum({0})", "{0}.cumsum(axis={a})",
    "{0}.sum(axis={a}, keepdims=True)", "np.mean({0})", "{0}.std()", "np.var({0}, axis={a})", "np.max({0}, axis={a})",
    "{0}.cumprod({a})", "np.ptp({0}, axis={a})", "np.count_nonzero({0})", "np.any({0}, axis={a}, keepdims=True)", "np.add.reduce({0})",
    "np.maximum.reduce({0}, axis={a})", "np.add.accumulate({0})", "np.linalg.norm({0})", "np.trace({0})", "{0}.prod(axis={a})",
    "{0}.sum(dtype=np.float32)", "{0}.argmin(axis={a})", "np.min({0}, initial=2)", "np.average({0}, axis={a})", "np.std({0}, ddof=1)",
    "np.median({0})", "np.sum({0}, axis=(0, -1))", "{0}.sum(axis=None)", "np.all({0} == {0})", "sum({0})", "{0}.sum().astype('f4')",
    "{0}.max().reshape(1)", "{0}[0].sum()", "{0}.item(0)", "np.float32({0}.sum())", "float({0}.sum())", "{0}.mean().item()",
)
VIEWS = (
    "{0}[1:]", "{0}[:-1]", "{0}[::2]", "{0}[::-1]", "{0}[0]", "{0}[-1]", "{0}[..., 0]", "{0}[None]", "{0}[:, 0]", "{0}[:, None]",
    "{0}.T", "{0}.reshape(-1)", "{0}.ravel()", "np.transpose({0})", "{0}.reshape({0}.shape)", "{0}.swapaxes(0, -1)",
    "np.expand_dims({0}, 0)", "np.squeeze({0})", "{0}[...]", "np.moveaxis({0}, 0, -1)", "{0}[1]", "{0}.view()",
    "np.broadcast_to({0}, (2,) + {0}.shape)",
    "{0}[[0, -1]]", "{0}[np.array([1, 0])]", "{0}[:, [0, 0]]", "{0}[1:, ..., ::-1]", "{0}.diagonal()", "np.rot90({0})", "np.fliplr({0})",
    "np.atleast_2d({0})", "np.array_split({0}, 2)[0]", "np.hsplit({0}, 1)[0]", "{0}.reshape(-1, 1)", "{0}.transpose()", "{0}.squeeze()",
    "np.swapaxes({0}, 0, 1)", "{0}[len({0}) // 2]", "{0}[-{0}.ndim:]", "{0}[slice(1, None)]", "{0}[None, ..., None]", "{0}.reshape({0}.size)",
    "{0}.view({0}.dtype)", "{0}.real[1:]", "{0}.T[0]", "{0}[0, 0]", "{0}[0, ...]", "{0}[()]", "{0}.reshape({0}.shape[::-1])",
    "np.ravel({0}, order='F')", "{0}.flat[0]", "np.reshape({0}, -1, order='F')",
)
SHAPE_INTS = ("{0}.shape[0]", "{0}.ndim", "{0}.size", "len({0})", "{0}.shape[-1]", "{0}.itemsize", "{0}.nbytes", "{0}.shape[0] // 2", "max({0}.shape)",
    "min(len({0}), 2)", "{0}.size * 2 - 1", "-{0}.ndim", "sum({0}.shape)", "int({0}.size)", "divmod({0}.size, 2)[1]", "{0}.shape.index({0}.shape[0])",
    "np.prod({0}.shape)", "np.size({0})", "np.ndim({0})", "float({0}.size)", "{0}.size / 2", "abs(-len({0}))")
MAKERS = (
    "np.zeros({s})", "np.ones({s}, dtype={0}.dtype)", "np.zeros_like({0})", "np.ones_like({0})", "np.full({s}, 2)",
    "np.full_like({0}, 3)", "np.arange({n})", "np.arange(1.0, {n})", "np.eye(3)", "np.linspace(0.0, 1.0, {n})",
    "np.identity(2)", "np.ones(({0}.ndim, 2))", "np.arange({n}, dtype=np.float32)", "np.arange(0, {n}, 2)",
    "np.zeros({0}.shape[:1] + (2,))", "np.full({s}, {0}.dtype.type(1))", "np.array([1, 2.5, {0}.ndim])", "np.tri(3)", "np.array(3)",
    "np.zeros({s}, order='F')", "np.float64({n})",
)
OTHERS = (
    "np.sort({0})", "np.argsort({0}, kind='stable')", "np.flip({0})", "np.roll({0}, 1)", "np.repeat({0}, 2)",
    "np.tile({0}, 2)", "np.take({0}, 0)", "np.split({0}, 1)[0]", "{0}.astype(np.float32)", "{0}.astype('f8')",
    "np.asarray({0})", "np.array({0})", "np.atleast_1d({0})", "np.ascontiguousarray({0})",
    "np.flip({0}, 0)", "np.roll({0}, -1, axis=0)", "np.repeat({0}, 2, axis=0)", "np.tile({0}, (2, 1))", "np.take({0}, [0, 1], axis=-1)",
    "np.pad({0}, 1)", "np.sort({0}, axis=0, kind='stable')", "{0}.astype({0}.dtype)", "{0}.astype(np.int64, copy=False)", "{0}.copy(order='F')",
    "np.take_along_axis({0}, np.argsort({0}, axis=0), 0)", "np.asfortranarray({0})", "{0}.astype(bool)", "{0}.clip(-1, 1)", "np.require({0})",
    "np.asarray({0}, dtype=np.complex128)", "{0}.repeat(2)", "{0}.argsort()", "np.delete({0}, 0)", "np.cross({0}, {0})",
    "{0}.tolist()", "np.isreal({0})", "np.digitize({0}, np.array([0.0, 1.0]))", "{0}.swapaxes(0, 0)", "np.float32(2) * {0}",
)
WRITE_TARGETS = ("{0}[0]", "{0}[...]", "{0}[1:]", "{0}[::2]", "{0}[-1]", "{0}[:, 0]", "{0}[::-1]", "{0}[[0, -1]]", "{0}.T[0]",
                 "{0}[1:][0]", "{0}.real[...]", "{0}[None]", "{0}[..., -1:]", "{0}.flat[0]")
STATEMENTS = (
    "{0}[{0} > 1] = 2",     "{0}.sort()", "{0}.sort(axis=0)", "{0}.fill(2)", "np.copyto({0}, {1})", "np.copyto({0}, 1, where={0} > 0)", "pass",
    "np.negative({0}, out={0})", "np.add({0}, 1, out={0}[...])", "np.add.at({0}, 0, 1)", "np.sqrt(abs({0}), out={0})", "assert {0}.ndim >= 0",
    "np.maximum({0}, 0, {0})", "np.put({0}, [0], 1)", "{0}.sum(axis=0, out={0}[0])", "np.clip({0}, -1, 1, out={0})",
)
CONDITIONS = (
    "{0}.shape[0] > 2", "{0}.ndim == 2", "len({0}) == 3", "{0}.dtype == np.float64", "{0}.size % 2 == 0", "{0}.shape == {1}.shape",
    "isinstance({0}, np.ndarray)", "{0} is {1}", "{0}.ndim < {1}.ndim", "{0}.dtype.kind in 'iu'",
    "{0}.flags.c_contiguous", "{0}.size > {1}.size", "{0}.dtype == {1}.dtype", "{0}.ndim and {0}.shape[0]", "not {0}.size", "{0}.shape[0] == {1}.shape[0]",
    "len({0}.shape) in (1, 2)", "np.issubdtype({0}.dtype, np.floating)", "1 < {0}.ndim <= 3", "np.iscomplexobj({0})", "{0}.flags.writeable",
    "type({0}) is type({1})", "any(n > 2 for n in {0}.shape)", "2 in {0}.shape",
)

# What programs that break are made of. {t} is the name that a statement assigns, an array of the others' shape.
ELEMENTWISE = (
    "{0} + 1", "{0} * 2", "{0} - {1}", "{0} + {1}", "np.maximum({0}, {1})", "abs({0})", "np.where({0} > 1, {0}, {1})", "{0} * 0.5 + {1}",
    "np.negative({0})", "({0} + {1}) * ({0} - 1)", "np.clip({0}, -2, 3)", "{0}.copy()", "{0}[...]", "{0}", "np.minimum({0}, 3)", "np.roll({0}, 1)",
)
BREAKS = (
    "print({0}.shape)", "print('at', {0}.dtype, sep=':')", "opaque({0})", "{t} = opaque({0} + 1)", "{t} = opaque({0}, {1}) * 2",
    "{t} = opaque({0}) + opaque({1} * 2)", "foreign.field = {0} + 1", "foreign.count += 1", "print(foreign.count, {0}.ndim)", "warnings.warn('here')",
    "print(sorted(locals()))", "print(sys._getframe().f_lineno)", "print(sys.exc_info()[0])", "{t} = {0} + random.random()",
    "{t} = {0} + np.random.rand()", "print(zlib.crc32({0}.tobytes()))", "print(repr({0}))", "print({0}.tolist())", "eval('1 + 1')", "exec('pass')",
    "{t} = {0} + len(str({0}))", "{t} = {0} if {0}.sum() > 0 else {1}", "{0}.any() and print('any')", "assert {0}.any() or opaque(True), opaque(1)",
    "print(int({0}.size and abs({0}.ravel()[0]) > 1))", "print([opaque({0} + 1), {1} * 2][0].shape)", "foreign[{0}.ndim] = {0} * 2", "del foreign[0]",
    "import keyword", "print(f'{{opaque({0}).ndim:>3}}', end='')", "{t} = ({0} + 1, opaque({0}), {1} * 2)[opaque(0)]", "print(*{0}.shape, opaque(2))",
    "{t} = opaque(x={0}, y={1})", "{t} = opaque(*[{0}, {1}], **{{}})", "{t} += opaque(1)", "{t} = foreign.double({0}) - 1", "opaque(lambda: {0})",
    "print({{'a': {0} + 1, 'b': opaque({0})}}.keys())", "{t} = {0}; {t} = {t} * opaque(2)", "print(type(opaque({0} > 1)).__name__)", "gc.isenabled()",
)
TESTS = (
    "{0}.sum() > 0", "{0}.any()", "opaque({0}.ndim) == 1", "{0}.max() > {1}.min()", "{0}.ravel()[0] > 0", "not {0}.all()", "foreign.count % 2",
    "{0}.size > 2", "random.random() < 0.5", "np.abs({0}).sum() > 4", "{0}.sum() > 0 and {1}.any()", "{0}.ndim > 1 or {1}.sum() < 3", "opaque(True)",
)
LOOPS = ("range({n})", "({0}, {1})", "[{0} + 1, {1} * 2, {0}]", "zip(range({n}), ({0}, {1}))", "enumerate([{0}, {1}])", "{0}", "iter(({0}, {1}))",
         "reversed([{0}, {1}])", "(e * 2 for e in ({0}, {1}))", "{{'a': {0}, 'b': {1}}}.items()", "map(opaque, ({0}, {1}))", "sorted({0}.shape)")
COMPREHENSIONS = (
    "[opaque({e}) + 1 for {e} in ({0}, {1})]", "[{e} * 2 for {e} in ({0}, {1}) if {e}.sum() > 0]", "{{k: opaque({e}) for k, {e} in enumerate(({0}, {1}))}}",
    "tuple(opaque({e} + 1) for {e} in ({0}, {1}))", "[[opaque(i) + {e} for i in range(2)] for {e} in ({0}, {1})]", "{{opaque({e}.ndim) for {e} in ({0}, {1})}}",
    "[foreign.double({e}) for {e} in ({0}, {1}) if opaque(True)]", "list(map(lambda {e}: opaque({e}) * 2, ({0}, {1})))", "sum(opaque({e}.ndim) for {e} in ({0}, {1}))",
)
SCOPES = ("Scope('a')", "Scope('b') as {v}", "Scope('c', ValueError)", "scoped({0}) as {v}", "contextlib.suppress(ValueError)", "Scope('d'), scoped({0}) as {v}",
          "np.errstate(all='ignore')", "contextlib.ExitStack() as {v}")
ASYNC_SCOPES = ("Scope('e')", "Scope('f', ValueError) as {v}")
RAISES = ("raise ValueError({0}.ndim)", "[][1]", "{{}}['k']", "raise Failure({0} + 1) from None", "int('x')", "opaque.missing",
          "raise ValueError from KeyError('cause')", "{0}[100]", "raise Failure(opaque(2))")
HANDLERS = ("except ValueError as {e}:", "except (LookupError, AttributeError):", "except Exception as {e}:", "except Failure as {e}:", "except* ValueError as {e}:")
