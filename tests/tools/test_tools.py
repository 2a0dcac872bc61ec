"""The static checks find what they are there for: each planted violation is named, a clean tree passes.

SPDX-License-Identifier: MIT
"""
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HEAD = "/* SPDX-License-Identifier: MIT */\n"


class Planted(unittest.TestCase):
    """A small tree of its own; plant() writes a file into it."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="gmq-tools-")
        self.addCleanup(shutil.rmtree, self.root)
        os.makedirs(os.path.join(self.root, "tools"))
        shutil.copy(os.path.join(ROOT, "tools", "layers.txt"), os.path.join(self.root, "tools"))

    def plant(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        return full

    def run_tool(self, tool, argument=None):
        done = subprocess.run([os.path.join(ROOT, "tools", tool), argument or self.root], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout

    def fails(self, tool, text, argument=None):
        code, out = self.run_tool(tool, argument)
        self.assertEqual(code, 1, out)
        self.assertIn(text, out)

    def passes(self, tool, argument=None):
        code, out = self.run_tool(tool, argument)
        self.assertEqual(code, 0, out)


class Layers(Planted):
    def test_a_tree_that_keeps_the_table_passes(self):
        self.plant("src/base/a.h", HEAD + "#include <stdint.h>\n")
        self.plant("src/wire/b.c", HEAD + '#include "wire/b.h"\n#include <json-c/json.h>\n#include "base/a.h"\n')
        self.plant("src/wire/b_test.c", HEAD + '#include "unit/unit.h"\n')
        self.plant("src/net/clock.c", HEAD + "#include <time.h>\nint f(void) { return clock_gettime(0, 0); }\n")
        self.plant("src/store/disk_linux.c", HEAD + "#include <unistd.h>\nint f(void) { return fsync(0); }\n")
        self.plant("src/store/log.c", HEAD + "int f(struct d *d) { return d->fsync(0) + disk_open(); }\n"
                   "/* open() */ const char *s = \"open()\";\n")
        self.passes("layers")

    def test_a_sibling_layer_may_not_be_included(self):
        self.plant("src/engine/a.c", HEAD + '#include "store/log.h"\n')
        self.fails("layers", "src/engine/a.c:2: layer 'engine' may not include 'store/'")

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        self.plant("src/base/a.h", HEAD + '#include "wire/cmd.h"\n')
        self.fails("layers", "layer 'base' may not include 'wire/'")

    def test_nobody_includes_the_header_of_a_program(self):
        self.plant("src/gregister/a.c", HEAD + '#include "gnode/node.h"\n')
        self.fails("layers", "nobody includes a program's header")

    def test_a_library_belongs_to_its_layer(self):
        self.plant("src/engine/a.c", HEAD + "#include <uv.h>\n")
        self.fails("layers", "layer 'engine' may not include <uv.h>")

    def test_an_include_names_its_layer(self):
        self.plant("src/engine/a.c", HEAD + '#include "topic.h"\n')
        self.fails("layers", 'includes "topic.h" without its layer')

    def test_an_unknown_layer_is_refused(self):
        self.plant("src/extra/a.c", HEAD)
        self.fails("layers", "layer 'extra' is not in tools/layers.txt")

    def test_only_the_clock_asks_the_time(self):
        for call in ("clock_gettime(0, 0)", "time(0)", "gettimeofday(0, 0)"):
            with self.subTest(call=call):
                self.plant("src/app/a.c", HEAD + "long f(void) { return %s; }\n" % call)
                self.fails("layers", "src/app/a.c:2: only net/clock.c may call " + call.split("(")[0])

    def test_only_the_disk_touches_files_of_the_store(self):
        for call in ("open", "pread", "pwrite", "fdatasync", "unlink", "rename"):
            with self.subTest(call=call):
                self.plant("src/store/a.c", HEAD + "int f(void) { return %s(0); }\n" % call)
                self.fails("layers", f"only store/disk_linux.c may call {call}()")

    def test_daemons_print_through_the_log(self):
        self.plant("src/gnode/a.c", HEAD + 'void f(void) { printf("x"); }\n')
        self.fails("layers", "only app/ may call printf()")


class Purity(Planted):
    def compile(self, layer, text, name="a"):
        source = self.plant(f"src/{layer}/{name}.c", text)
        target = os.path.join(self.root, "build", "obj", "src", layer, name + ".o")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-c", source, "-o", target], check=True)

    def build(self):
        return os.path.join(self.root, "build")

    def test_pure_objects_pass(self):
        self.compile("base", "#include <stdlib.h>\nvoid base_f(void *p) { free(p); }\n")
        self.compile("wire", "#include <string.h>\nvoid base_f(void *p);\nvoid *json_object_new_object(void);\n"
                     "int f(char *s) { base_f(json_object_new_object()); return memcmp(s, s + 9, strlen(s)); }\n")
        self.passes("purity", self.build())

    def test_each_thing_of_the_outside_world_is_named(self):
        calls = {"clock_gettime": "#include <time.h>\nint f(struct timespec *t) { return clock_gettime(0, t); }\n",
                 "open": "#include <fcntl.h>\nint f(void) { return open(\"x\", 0); }\n",
                 "getenv": "#include <stdlib.h>\nchar *f(void) { return getenv(\"x\"); }\n",
                 "rand": "#include <stdlib.h>\nint f(void) { return rand(); }\n",
                 "printf": "#include <stdio.h>\nint f(int x) { return printf(\"%d\", x); }\n"}
        for symbol, text in calls.items():
            for layer in ("wire", "engine"):
                with self.subTest(symbol=symbol, layer=layer):
                    self.compile(layer, text)
                    self.fails("purity", f"{layer}/a.o: layer '{layer}' is pure and may not use {symbol}",
                               self.build())
                    os.remove(os.path.join(self.build(), "obj", "src", layer, "a.o"))

    def test_the_engine_knows_no_json(self):
        self.compile("engine", "void *json_object_new_object(void);\n"
                     "void *f(void) { return json_object_new_object(); }\n")
        self.fails("purity", "may not use json_object_new_object", self.build())

    def test_the_siblings_functions_are_not_pure_for_each_other(self):
        self.compile("wire", "int wire_f(void) { return 1; }\n")
        self.compile("engine", "int wire_f(void);\nint f(void) { return wire_f(); }\n")
        self.fails("purity", "layer 'engine' is pure and may not use wire_f", self.build())

    def test_no_objects_is_not_a_pass(self):
        code, out = self.run_tool("purity", self.build())
        self.assertEqual(code, 1)
        self.assertIn("build first", out)


class Tidy(Planted):
    def test_a_tidy_file_passes(self):
        self.plant("src/base/a.c", HEAD + "/* strcpy() in a comment, // too */\nint f(void)\n{\n"
                   "    return 0;\n}\nconst char *s = \"gets( http://x\";\n")
        self.passes("tidy")

    def test_each_violation_is_found(self):
        long_body = "int f(void)\n{\n" + "    ;\n" * 69 + "}\n"
        cases = {"line of 121 columns": HEAD + "/*" + "x" * 117 + "*/\n",
                 "function of 71 lines": HEAD + long_body,
                 "file of 801 lines": HEAD + "\n" * 800,
                 "comment with //": HEAD + "int x; // y\n",
                 "no SPDX-License-Identifier": "int x;\n",
                 "trailing blanks": HEAD + "int x; \n",
                 "tab": HEAD + "\tint x;\n",
                 "TODO that does not say": HEAD + "/* TODO */\n",
                 "no newline at the end": HEAD + "int x;"}
        for text, content in cases.items():
            with self.subTest(text=text):
                self.plant("src/base/a.c", content)
                self.fails("tidy", text)

    def test_each_banned_call_is_found(self):
        for call in ("strcpy", "strcat", "sprintf", "strtok", "atoi", "strncpy", "gets", "alloca"):
            with self.subTest(call=call):
                self.plant("src/base/a.c", HEAD + f"void f(void) {{ {call}(0); }}\n")
                self.fails("tidy", f"src/base/a.c:2: {call}() is banned")

    def test_a_function_of_seventy_lines_passes(self):
        self.plant("src/base/a.c", HEAD + "int f(void)\n{\n" + "    ;\n" * 68 + "}\n")
        self.passes("tidy")

    def test_scripts_are_held_to_line_length_and_licence_too(self):
        self.plant("tests/a.py", "x = 1\n")
        self.fails("tidy", "tests/a.py:1: no SPDX-License-Identifier")


if __name__ == "__main__":
    unittest.main()
