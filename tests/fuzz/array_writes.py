"""Forms of statements that write into the array {x}: where it stands, through views of it, and from parts of it."""

from __future__ import annotations

from tests.fuzz.array_forms import table

EFFECTS = table("""
biuf 1: {x}.sort()
biuf 1: {x}.sort(axis={ax})
biufc 1: {x}[::-1].sort(axis=0)
!biufc: {x}.fill({n})
biufc 1: {x}[{basic}].fill({n})
biufc: np.copyto({x}, {y}, casting='unsafe')
biufc: np.copyto({x}, {n}, where={m})
biufc 1: np.copyto({x}[1:], {x}[:-1])
biufc: np.put({x}, {ints}, {n})
!biufc 1: {x}.put([0, -1], [{n}, {n}])
biufc: np.putmask({x}, {m}, {y})
!biufc: np.place({x}, {m}, [{n}])
biuf 1: np.add.at({x}, {ints}, {n})
biufc 1: np.add.at({x}, {ints}, 1)
biufc 1: np.subtract.at({x}, ({ints}, ...), {n})
biuf 1: np.maximum.at({x}, [0, 0], {n})
iufc 1: np.negative.at({x}, {ints})
!biufc 2: np.fill_diagonal({x}, {n})
biuf 1: {x}.partition(0)
biufc 1: np.add({x}[1:], {x}[:-1], out={x}[1:])
biufc 1: np.add({x}[:-1], {x}[1:], out={x}[1:])
biufc 1: np.multiply({x}, {x}[::-1], out={x})
biufc 1: np.subtract({x}[::-1], {x}, out={x}[::-1])
iufc: np.negative({x}, out={x})
biufc: np.add({x}, {y}, {x})
biufc: np.add({x}, {n}, out={x}, casting='unsafe')
biuf: np.maximum({x}, {n}, out={x}, where={m})
!biufc 1: np.cumsum({x}, axis={ax}, out={x})
biufc 1: np.add.accumulate({x}, {ax}, out={x})
!biufc 2: {x}.sum(axis=0, out={x}[0])
!biufc 2: np.add.reduce({x}, axis=0, out={x}[-1])
biuf 1: {x}.clip(0, 1, out={x})
!biufc 1: np.take({x}, {ints}, out={x}[:2], mode='clip')
!biufc 2: np.matmul({x}[:2, :2], {x}[:2, :2], out={x}[:2, :2])
biufc 1: np.concatenate(({x}[:1], {x}[:-1]), out={x})
biufc: np.sqrt(abs({x}) * 1.0, out={o})
* 1: {x}[...] = {x}[::-1]
* 1: {x}[1:] = {x}[:-1]
* 1: {x}[:-1] = {x}[1:]
* 2: {x}[:2, :2] = {x}[:2, :2].T
* 1: {x}[[0, -1]] = {x}[[-1, 0]]
* 1: {x}[{i}] = {x}[{i}]
biuf 1: {x}[1:] = ({y} + {x})[:1]
biuf 1: {x}[:1] = {x}[-1:] * 2; {x}[1:] = {x}[1:] - {x}[:-1]
biuf 1: {x}[::2] = {x}[::2] + 1; {x}[1::2] = -{x}[1::2] if {x}.dtype.kind == 'f' else {x}[1::2] * 3
biuf 1: {x}[..., :2] = {x}[..., :2] * {x}[..., :2]; {x}[..., 2:] = {x}[..., 2:] + {x}[..., 2:]; {x}[..., -1] = {x}[..., 0] + 1
biuf 1: {x}[{basic}] = {x}[{basic}] * {small}
biufc 1: {x}[1:] += {x}[:-1]
biufc 1: {x}[:-1] += {x}[1:]
biufc 1: {x} += {x}[::-1]
biufc 2: {x} += {x}.T
biufc 1: {x}[{ints}] += {n}
biufc 1: {x}[{element}] += {x}[{element}]
biufc 1: {x}[{element}] = {n}
biufc 1: {x}[{element}], {x}[{element}] = {x}[{element}], {x}[{element}]
!biufc: {x}.flat = {n}
biufc: {x}.flat[0] = {n}
!biufc: {x}.real = {small}
!c: {x}.imag = {y}.real
c: {x}.imag[...] = {x}.real
biufc: {x}.real[...] += {small}
biufc: {x}.T[...] = {n}
!*: {x}.setflags(write=False)
!*: {x}.flags.writeable = True
!*: {x}.resize({x}.shape)
V: {x}['f0'] = {small}
V: {x}['f1'] += {x}['f0']
V 1: {x}[0] = (1, 2.0)
M: {x}[...] += np.timedelta64(1, 'D')
m: {x} *= 2
SU: {x}[...] = 'b'
* 1: {x}[:1] = {x}[-1:]
* 1: {g}.shuffle({x})
biufc 1: {x}[{basic}][...] = {x}[{i}]
biufc 1: {x}[{basic}][{dots}] += {n}
biufc 2: {x}.T[{i}] *= {n}
biufc 1: {x}.reshape(-1)[{flat}] = {n}
biufc 1: {x}.ravel()[::2] += 1
biufc 2: {x}.swapaxes(0, 1)[0] = {x}[0, :1]
biufc 2: {x}.diagonal().copy()[...] = 0
biuf 1: {x}.view({same})[:1] = 0
!iuf 1: {x}.view('u1')[..., :2] = 1
!biufc 1: np.lib.stride_tricks.as_strided({x}, {x}.shape, {x}.strides)[0] = {n}
biufc 1: np.flip({x})[:1] += {x}[:1]
biufc 1: np.copyto({x}[::-1], {x})
biufc 1: np.multiply({x}[1:], 2, out={x}[:-1])
biufc 1: np.add({x}[:1], {x}, out={x})
biufc 2: np.add({x}, {x}[:, :1], out={x})
biufc 2: np.subtract({x}, {x}[0], {x})
biufc 2: np.dot({x}[:2, :2], {x}[:2, :2].T, out={x}[:2, :2].copy())
biufc 1: {x}[{m}] = {n}
biufc 1: {x}[{m}] += {n}
biufc 1: {x}[{fancy}] = {x}[{fancy}]
""")
