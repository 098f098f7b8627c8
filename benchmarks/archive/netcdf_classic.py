"""Writing NetCDF in its classic format: GDAL's own writer cannot choose the names of variables.

Format: NetCDF Users Guide, "File Format Specifications", CDF-1.
"""

import struct

import numpy as np

DIMENSION, VARIABLE, ATTRIBUTE = 10, 11, 12
CHAR, FLOAT, DOUBLE = 2, 5, 6
TYPES = {"float32": (FLOAT, ">f4"), "float64": (DOUBLE, ">f8")}


def write_classic(path, dimensions, variables, attributes):
    """Write a file.

    Args:
        path: of it.
        dimensions: name → length.
        variables: name → (names of its dimensions, its attributes, its values).
        attributes: of the file.
    """
    data = [_padded(_big(values).tobytes()) for _, _, values in variables.values()]
    # Where values begin is told before them: the head is as long whatever is told.
    offsets = [0] * len(data)
    head = _head(dimensions, variables, attributes, offsets)
    begin = len(head)
    for place, block in enumerate(data):
        offsets[place] = begin
        begin += len(block)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_head(dimensions, variables, attributes, offsets) + b"".join(data))


def _head(dimensions, variables, attributes, offsets):
    head = b"CDF\1" + struct.pack(">i", 0)
    head += struct.pack(">ii", DIMENSION, len(dimensions))
    for name, length in dimensions.items():
        head += _name(name) + struct.pack(">i", length)
    head += _attributes(attributes)
    head += struct.pack(">ii", VARIABLE, len(variables))
    order = list(dimensions)
    for (name, (axes, of_it, values)), offset in zip(variables.items(), offsets, strict=True):
        kind, _ = TYPES[values.dtype.name]
        size = len(_padded(_big(values).tobytes()))
        head += _name(name) + struct.pack(">i", len(axes))
        head += b"".join(struct.pack(">i", order.index(axis)) for axis in axes)
        head += _attributes(of_it) + struct.pack(">iii", kind, size, offset)
    return head


def _attributes(attributes):
    if not attributes:
        return struct.pack(">ii", 0, 0)
    block = struct.pack(">ii", ATTRIBUTE, len(attributes))
    for name, value in attributes.items():
        block += _name(name)
        if isinstance(value, str):
            text = value.encode()
            block += struct.pack(">ii", CHAR, len(text)) + _padded(text)
        else:
            values = np.atleast_1d(np.asarray(value, "float32"))
            block += struct.pack(">ii", FLOAT, len(values)) + _big(values).tobytes()
    return block


def _name(name):
    return struct.pack(">i", len(name)) + _padded(name.encode())


def _big(values):
    return np.ascontiguousarray(values, dtype=TYPES[values.dtype.name][1])


def _padded(block):
    return block + b"\0" * (-len(block) % 4)
