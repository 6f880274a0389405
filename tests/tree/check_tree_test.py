#!/usr/bin/env python3
"""scripts/check_tree finds each kind of fault in a small tree, and nothing in the same tree without it."""
import os
import subprocess
import sys
import tempfile
import unittest

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check_tree")

GOOD = {
    "CMakeLists.txt": "kerf_module(core src/core LIBRARIES fmt::fmt)\n"
                      "kerf_module(ops src/ops MODULES core LIBRARIES kerf_dnnl)\n"
                      "kerf_module(api src/api MODULES core ops)\n",
    "src/core/error.h": "#pragma once\n",
    "src/core/error.cpp": '#include "core/error.h"\n// std::thread in a comment, "getenv" in a string are fine\n',
    "src/ops/op.h": "#pragma once\n#define X(name) const Op& name##_op();\n#include \"ops/ops.def\"\n#undef X\n",
    "src/ops/ops.def": "// the list\nX(relu)\n",
    "src/ops/relu.cpp": '#include "core/error.h"\n#include "ops/op.h"\n\nconst Op& relu_op() {\n  return op;\n}\n',
    "tests/core/error_test.cpp": '#include "core/error.h"\n',
}


def run(changes):
    with tempfile.TemporaryDirectory() as root:
        for name, text in {**GOOD, **changes}.items():
            if text is None:
                continue
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
        return done.returncode, done.stdout


class CheckTree(unittest.TestCase):
    def found(self, changes, expected):
        status, output = run(changes)
        self.assertIn(expected, output)
        self.assertEqual(status, 1, output)
        self.assertIn(" 1 findings", output)

    def test_nothing_in_a_good_tree(self):
        status, output = run({})
        self.assertEqual(status, 0, output)

    def test_include_against_the_direction(self):
        self.found({"src/core/error.cpp": '#include "ops/op.h"\n'}, 'module core must not include "ops/op.h"')

    def test_include_of_no_module(self):
        self.found({"src/core/error.cpp": '#include "error.h"\n'}, '"error.h" is in no module')

    def test_plugin_that_no_list_names(self):
        self.found({"src/ops/gelu.cpp": "const Op& gelu_op() {\n}\n", "tests/ops/gelu_test.cpp": ""},
                   "gelu_op is missing in src/ops/ops.def")

    def test_list_entry_without_plugin(self):
        self.found({"src/ops/ops.def": "X(relu)\nX(gelu)\n"}, "X(gelu): no source defines gelu_op")

    def test_list_entry_twice(self):
        self.found({"src/ops/ops.def": "X(relu)\nX(relu)\n"}, "X(relu) stands there twice")

    def test_source_without_test(self):
        self.found({"src/core/shape.cpp": ""}, "src/core/shape.cpp: no test")

    def test_test_of_nothing(self):
        self.found({"tests/core/shape_test.cpp": ""}, "module core has no source or header shape")

    def test_manners(self):
        for line, what in {"std::cout << 1;": "prints", 'x = getenv("A");': "environment", "exit(1);": "ends the process",
                           "std::thread t;": "threads of its own", "assert(x);": "asserts"}.items():
            with self.subTest(line):
                self.found({"src/core/error.cpp": f"void f() {{ {line} }}\n"}, what)

    def test_text(self):
        for name, line, what in [("src/core/error.cpp", "// caf\u00e9", "not ASCII"),
                                 ("src/core/error.cpp", "// TO" + "DO: all", "marked as unfinished"),
                                 ("README.md", "see /ho" + "me/me/kerf", "a path of one machine")]:
            with self.subTest(line):
                self.found({name: line + "\n"}, what)

    def test_header_without_guard(self):
        self.found({"src/core/error.h": ""}, "no #pragma once")


if __name__ == "__main__":
    unittest.main()
