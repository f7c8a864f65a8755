"""Pickles of dictionaries of tensors, run on a machine that can do nothing else.

A pickle is a program for a small machine that may call anything. The machine here knows only what a dictionary of
tensors needs: it builds containers and descriptions, imports nothing and calls nothing. Whatever else a program asks
for is refused by name.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tryon.errors import ModelError

Fault = Callable[[str, object, str], ModelError]  # what, received, needed
_STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "LongStorage": "<i8"}


@dataclass(frozen=True)
class Storage:
    """The numbers of a member of the archive."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: `shape` numbers from `offset` on, `strides` numbers apart along each axis."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    """Something that the pickle names; it is never imported."""

    module: str
    name: str


class _Mark:
    """Where the elements of a container begin on the stack."""


def run_pickle(program: bytes, fault: Fault) -> Any:
    """What a pickle builds, of dictionaries, lists, tuples, plain values and tensors alone.

    Args:
        fault: makes the error to raise where the program is damaged or asks for more.
    """
    machine = _Machine(fault)
    try:
        for opcode, argument, _ in pickletools.genops(program):
            machine.step(opcode.name, argument)
    # A damaged program fails in as many ways.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise fault("the pickle is damaged", error, "a whole, undamaged file") from error
    return machine.result


class _Machine:
    """The stack, the memo and the few operations that a state dictionary needs."""

    def __init__(self, fault: Fault) -> None:
        self.result: Any = None
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._fault = fault

    def step(self, opcode: str, argument: Any) -> None:
        """Perform one operation; one that is not known is refused."""
        if opcode in _CONSTANTS:
            self._stack.append(_CONSTANTS[opcode]())
        elif opcode in _LITERALS:
            self._stack.append(argument)
        elif opcode in _OPERATIONS:
            _OPERATIONS[opcode](self, argument)
        elif opcode not in ("PROTO", "FRAME"):
            raise self._fault(f"the pickle asks for {opcode}", None, "a dictionary of tensors and nothing else")

    def name(self, argument: str) -> None:
        """Push what is named, as a name."""
        self._stack.append(_Name(*argument.split(" ")))

    def name_on_stack(self, _: Any) -> None:
        """Push what the two texts on the stack name."""
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(_Name(str(module), str(name)))

    def call(self, _: Any) -> None:
        """Build what a known name stands for; any other name is refused."""
        arguments, called = self._stack.pop(), self._stack.pop()
        if called == _Name("collections", "OrderedDict") and arguments == ():
            self._stack.append({})
        elif called == _Name("torch._utils", "_rebuild_tensor_v2"):
            storage, offset, shape, strides = arguments[:4]
            if not isinstance(storage, Storage) or len(shape) != len(strides):
                raise ValueError(f"a tensor of {arguments[:4]}")
            self._stack.append(Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides))))
        elif called == _Name("torch._utils", "_rebuild_parameter"):
            self._stack.append(arguments[0])
        else:
            named = f"{called.module}.{called.name}" if isinstance(called, _Name) else type(called).__name__
            raise self._fault(f"the pickle calls {named}", None, "a dictionary of tensors and nothing else")

    def storage(self, _: Any) -> None:
        """Push the storage that a persistent identity describes."""
        kind, named, key, _, count = self._stack.pop()
        if kind != "storage" or not isinstance(named, _Name) or named.module != "torch" or named.name not in _STORAGES:
            raise self._fault("the pickle has a storage of", named, f"one of {', '.join(_STORAGES)}")
        if not isinstance(key, str) or not key.isdigit() or not isinstance(count, int) or count < 0:
            raise ValueError(f"storage {key!r} of {count!r}")
        self._stack.append(Storage(key, _STORAGES[named.name], count))

    def attributes(self, _: Any) -> None:
        """Leave out attributes of what was built: `_metadata` of a state dictionary."""
        self._stack.pop()

    def remember(self, place: int | None) -> None:
        """Keep the top of the stack in the memo."""
        self._memo[len(self._memo) if place is None else place] = self._stack[-1]

    def recall(self, place: int) -> None:
        """Push a value of the memo."""
        self._stack.append(self._memo[place])

    def tuple_of(self, count: int | None) -> None:
        """Make a tuple of the last `count` values, or of those after the mark."""
        values = self._since_mark() if count is None else [self._stack.pop() for _ in range(count)][::-1]
        self._stack.append(tuple(values))

    def add_to_list(self, values: list[Any]) -> None:
        """Append to the list on the stack."""
        if not isinstance(self._stack[-1], list):
            raise TypeError("a list is needed")
        self._stack[-1].extend(values)

    def add_to_dict(self, values: list[Any]) -> None:
        """Enter keys and values into the dictionary on the stack."""
        if not isinstance(self._stack[-1], dict):
            raise TypeError("a dictionary is needed")
        self._stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def append(self, _: Any) -> None:
        """One value for a list."""
        self.add_to_list([self._stack.pop()])

    def appends(self, _: Any) -> None:
        """Values for a list."""
        self.add_to_list(self._since_mark())

    def set_item(self, _: Any) -> None:
        """One key and value for a dictionary."""
        value, key = self._stack.pop(), self._stack.pop()
        self.add_to_dict([key, value])

    def set_items(self, _: Any) -> None:
        """Keys and values for a dictionary."""
        self.add_to_dict(self._since_mark())

    def stop(self, _: Any) -> None:
        """The value that is left is the result."""
        (self.result,) = self._stack

    def _since_mark(self) -> list[Any]:
        values: list[Any] = []
        while not isinstance(self._stack[-1], _Mark):
            values.append(self._stack.pop())
        self._stack.pop()
        return values[::-1]


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "MARK": _Mark,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.attributes,
    "BINPERSID": _Machine.storage,
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.remember,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "TUPLE": lambda machine, _: machine.tuple_of(None),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "STOP": _Machine.stop,
}
