"""PyTorch checkpoints without PyTorch: the bytes that torch.save writes, by Python's own pickle.

Layout: torch/serialization.py and caffe2/serialize/inline_container.cc of PyTorch.
"""
import collections
import io
import math
import pickle
import struct
import sys
import types
import zlib

MAGIC, VERSION = 0x1950a86a20f9469cfc6c, 1001
ITEM = {"FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "DoubleStorage": 8, "LongStorage": 8, "ByteStorage": 1}


class Storage:
    def __init__(self, key, kind, data):
        self.key, self.kind, self.data = key, kind, data


class Tensor:
    """A view of a storage; pickles as torch.Tensor does."""

    def __init__(self, storage, shape, strides=None, offset=0):
        self.storage, self.shape, self.offset = storage, tuple(shape), offset
        self.strides = tuple(strides) if strides is not None else contiguous(shape)

    def __reduce__(self):
        return rebuild_tensor, (self.storage, self.offset, self.shape, self.strides, False, collections.OrderedDict())


def contiguous(shape):
    return tuple(math.prod(shape[axis + 1:]) for axis in range(len(shape)))


def named(module, name):
    """A stand-in that pickles as a class or function of that name."""
    found = types.FunctionType((lambda *arguments: None).__code__, {}, name)
    found.__module__, found.__qualname__ = module, name
    for depth in range(module.count(".") + 1):
        sys.modules.setdefault(".".join(module.split(".")[:depth + 1]), types.ModuleType(module))
    setattr(sys.modules[module], name, found)
    return found


rebuild_tensor = named("torch._utils", "_rebuild_tensor_v2")
STORAGES = {kind: named("torch", kind) for kind in ITEM}


class Pickler(pickle._Pickler):
    def __init__(self, file, protocol, legacy):
        super().__init__(file, protocol)
        self.legacy = legacy

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        found = ("storage", STORAGES[value.kind], value.key, "cpu", len(value.data) // ITEM[value.kind])
        return found + (None,) if self.legacy else found


def pickled(value, protocol=2, legacy=False):
    out = io.BytesIO()
    Pickler(out, protocol, legacy).dump(value)
    return out.getvalue()


def storages_of(tensors):
    return {tensor.storage.key: tensor.storage for tensor in tensors.values()}


def archive(entries, comment=b"", zip64=True):
    """A ZIP of stored entries (name, data), data at multiples of 64, as PyTorch's writer makes it."""
    body, directory = b"", b""
    for name, data in entries:
        name = name.encode()
        offset = len(body)
        padding = -(offset + 30 + len(name) + 4) % 64
        extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        checksum, size = zlib.crc32(data), len(data)
        body += struct.pack("<IHHHHHIIIHH", 0x04034b50, 0, 0x0808, 0, 0, 0, 0, 0, 0, len(name), len(extra)) + name + extra + data
        body += struct.pack("<IIII", 0x08074b50, checksum, size, size)
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0, 0, 0x0808, 0, 0, 0, checksum, size, size, len(name), 0, 0, 0, 0, 0,
                                 offset) + name
    start, count = len(body), len(entries)
    end64 = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 0x31e, 45, 0, 0, count, count, len(directory), start)
    locator = struct.pack("<IIQI", 0x07064b50, 0, start + len(directory), 1)
    end = struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, count, count, len(directory), start, len(comment)) + comment
    return body + directory + (end64 + locator if zip64 else b"") + end


def entries_of(value, storages, protocol=2, byteorder=b"little"):
    found = [("archive/data.pkl", value if isinstance(value, bytes) else pickled(value, protocol))]
    if byteorder is not None:
        found.append(("archive/byteorder", byteorder))
    found += [(f"archive/data/{key}", storage.data) for key, storage in sorted(storages.items())]
    return found + [("archive/version", b"3\n")]


def saved(value, storages, protocol=2):
    """torch.save(value) as an archive."""
    return archive(entries_of(value, storages, protocol))


def saved_legacy(value, storages):
    """torch.save(value, _use_new_zipfile_serialization=False)."""
    machine = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    keys = sorted(storages)
    return (pickle.dumps(MAGIC, 2) + pickle.dumps(VERSION, 2) + pickle.dumps(machine, 2) + pickled(value, 2, True) + pickle.dumps(keys, 2) +
            b"".join(struct.pack("<q", len(storages[key].data) // ITEM[storages[key].kind]) + storages[key].data for key in keys))


def from_floats(weights):
    """Name -> (shape, bytes of float32) as an OrderedDict of tensors, each with a storage of its own."""
    tensors = collections.OrderedDict()
    for number, (name, (shape, data)) in enumerate(weights.items()):
        tensors[name] = Tensor(Storage(str(number), "FloatStorage", data), shape)
    # As a module's state_dict has it.
    tensors._metadata = collections.OrderedDict({"": {"version": 1}})
    return tensors
