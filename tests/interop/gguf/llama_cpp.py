"""llama.cpp's own quantizer, from the shared libraries that the npm package @node-llama-cpp/linux-x64 brings."""
import ctypes
import glob
import os
import struct
import sys

SKIPPED = 77
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.environ.get("KERF_INTEROP_MODULES", os.path.join(HERE, "../../../build/interop/node_modules"))

# llama.h: enum llama_ftype
FILE_TYPES = {"q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "q2_k": 10, "q3_k_s": 11, "q3_k_m": 12, "q3_k_l": 13,
              "q4_k_s": 14, "q4_k_m": 15, "q5_k_s": 16, "q5_k_m": 17, "q6_k": 18, "iq4_nl": 25, "iq4_xs": 30}


class ImportanceData(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.POINTER(ctypes.c_float)), ("size", ctypes.c_size_t)]


class QuantizeParams(ctypes.Structure):
    """llama.h of the release that tests/interop/package.json names."""
    _fields_ = [("nthread", ctypes.c_int32), ("ftype", ctypes.c_int32), ("output_tensor_type", ctypes.c_int32),
                ("token_embedding_type", ctypes.c_int32), ("allow_requantize", ctypes.c_bool),
                ("quantize_output_tensor", ctypes.c_bool), ("only_copy", ctypes.c_bool), ("pure", ctypes.c_bool),
                ("keep_split", ctypes.c_bool), ("dry_run", ctypes.c_bool), ("imatrix", ctypes.POINTER(ImportanceData)),
                ("kv_overrides", ctypes.c_void_p), ("tt_overrides", ctypes.c_void_p), ("prune_layers", ctypes.c_void_p),
                ("max_buf_size", ctypes.c_size_t)]


LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


@LOG
def _silent(level, text, user_data):
    if level >= 4:  # errors
        sys.stderr.write(text.decode("utf-8", "replace"))


def load():
    """The library; ends the program with ctest's code for a skipped test where it is not installed."""
    folder = os.path.join(MODULES, "@node-llama-cpp/linux-x64/bins/linux-x64")
    paths = glob.glob(os.path.join(folder, "libllama.v*.so"))
    if not paths:
        print(f"skipped: @node-llama-cpp/linux-x64 is not in {MODULES}; scripts/setup_interop installs it")
        sys.exit(SKIPPED)
    library = ctypes.CDLL(paths[0])
    library.llama_model_quantize_default_params.restype = QuantizeParams
    library.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(QuantizeParams)]
    library.llama_model_quantize.restype = ctypes.c_uint32
    library.llama_log_set(_silent, None)
    library.llama_backend_init()
    return library


def quantize(library, source, target, file_type, importance=None):
    """As llama-quantize does it. importance: {tensor name: [values]}, what an importance matrix says."""
    params = library.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[file_type]
    params.nthread = 2
    if importance is not None:
        entries = (ImportanceData * (len(importance) + 1))()
        for entry, (name, values) in zip(entries, importance.items()):
            entry.name = name.encode()
            entry.data = (ctypes.c_float * len(values))(*values)
            entry.size = len(values)
        params.imatrix = entries
    if library.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)) != 0:
        raise RuntimeError(f"llama.cpp could not quantize {source} to {file_type}")


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def read(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def string(self):
        length = self.read("Q")
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            element, count = self.read("I"), self.read("Q")
            return [self.value(element) for _ in range(count)]
        return self.read("BbHhIif?__QqdQ"[kind] if kind < 8 else {10: "Q", 11: "q", 12: "d"}[kind])


def read_gguf(path):
    """(metadata, {name: (type, dims, offset in the file)}) of a GGUF file."""
    with open(path, "rb") as file:
        data = file.read()
    cursor = _Cursor(data)
    assert cursor.read("4s") == b"GGUF"
    version, tensors, entries = cursor.read("I"), cursor.read("Q"), cursor.read("Q")
    assert version == 3
    metadata = {}
    for _ in range(entries):
        key = cursor.string()
        metadata[key] = cursor.value(cursor.read("I"))
    infos = {}
    for _ in range(tensors):
        name = cursor.string()
        dims = [cursor.read("Q") for _ in range(cursor.read("I"))]
        infos[name] = [cursor.read("I"), dims, cursor.read("Q")]
    alignment = metadata.get("general.alignment", 32)
    start = (cursor.at + alignment - 1) // alignment * alignment
    for info in infos.values():
        info[2] += start
    return metadata, infos


def floats(path, info):
    """Values of an f32 tensor."""
    count = 1
    for dim in info[1]:
        count *= dim
    with open(path, "rb") as file:
        file.seek(info[2])
        return struct.unpack(f"<{count}f", file.read(4 * count))
