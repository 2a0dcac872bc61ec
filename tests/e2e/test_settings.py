"""Settings: flags over environment over file over defaults; what is wrong is said with its place, exit code 2.

SPDX-License-Identifier: MIT
"""
import os
import shutil

from gmqtest import Case, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))


class Settings(Case):
    def ini(self, text, name="conf.ini"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def refused(self, name, *flags, says):
        code, out = self.run_program(name, *flags)
        self.assertEqual(code, 2, out)
        for word in says:
            self.assertIn(word, out)

    def test_a_bad_value_in_a_file_is_told_with_its_line(self):
        path = self.ini("# a node\n[node]\nid = 1\nmsgTTR = 301   # too long\n")
        self.refused("gnode", f"-config_file={path}", says=("conf.ini:4", "msgTTR", "300"))

    def test_bad_values(self):
        for section, line in (("node", "id = 0"), ("node", "id = 1025"), ("node", "msgTTR = x"),
                              ("node", "msgMaxRetry = 255"), ("node", "weight = 0"), ("log", "level = 9")):
            with self.subTest(line=line):
                path = self.ini(f"[{section}]\n{line}\n")
                self.refused("gnode", f"-config_file={path}", says=("conf.ini:2", line.split()[0]))

    def test_bad_flags(self):
        for flag in ("-no_such_flag=1", "-node_id=0", "-node_id=1025", "-msg_ttr=0", "-msg_ttr=301", "-sync=never",
                     "-tcp_addr=nonsense"):
            with self.subTest(flag=flag):
                self.refused("gnode", flag, f"-data_save_path={self.path('d')}", says=(flag.split("=")[0].strip("-"),))
        self.refused("gregister", "-no_such_flag=1", says=("no_such_flag",))

    def test_a_missing_file_is_named(self):
        self.refused("gnode", "-config_file=/no/such/conf.ini", says=("/no/such/conf.ini",))

    def test_flags_over_environment_over_file(self):
        path = self.ini("[node]\nmsgTTR = 11\nmsgMaxRetry = 7\nweight = 3\n")
        code, out = self.run_program("gnode", f"-config_file={path}", "-msg_ttr=33", "--print-config",
                                     env={"GMQ_MSG_TTR": "22", "GMQ_MSG_MAX_RETRY": "8"})
        self.assertEqual(code, 0, out)
        values = {line.split("=")[0].strip(): line.split("=", 1)[1].split("#")[0].strip()
                  for line in out.splitlines() if "=" in line.split("#")[0]}
        self.assertEqual((values["msgTTR"], values["msgMaxRetry"]), ("33", "8"))
        self.assertIn("weight = 3", "\n".join(" ".join(line.split()) for line in out.splitlines()))

    def test_the_printed_configuration_loads_again_and_prints_the_same(self):
        code, out = self.run_program("gnode", "-msg_ttr=33", "--print-config")
        self.assertEqual(code, 0, out)
        path = self.ini(out + "\n")
        self.assertEqual(self.run_program("gnode", f"-config_file={path}", "--print-config"), (0, out))

    def test_flags_are_taken_in_each_way_of_writing(self):
        for words in (["-msg_ttr=44"], ["--msg_ttr=44"], ["-msg_ttr", "44"], ["--msg_ttr", "44"]):
            with self.subTest(words=words):
                code, out = self.run_program("gnode", *words, "--print-config")
                self.assertEqual(code, 0, out)
                self.assertRegex(out, r"(?m)^msgTTR\s*=\s*44\b")

    def test_the_originals_files_load_unchanged(self):
        for name in ("original-gnode.ini", "original-gregister.ini"):
            shutil.copy(os.path.join(HERE, name), self.folder)
        register = self.gregister(f"-config_file={self.path('original-gregister.ini')}")
        node = self.gnode(f"-config_file={self.path('original-gnode.ini')}",
                          f"-register_addr=http://{register.http}")
        wait_until(register.nodes, "the node has registered")
        self.assertEqual(register.nodes()[0]["id"], 1)
        self.assertEqual(node.stop(), 0)
        self.assertEqual(register.stop(), 0)

    def test_help_and_version_exit_0(self):
        for name in ("gnode", "gregister", "gclient"):
            with self.subTest(program=name):
                code, out = self.run_program(name, "-help")
                self.assertEqual(code, 0, out)
                self.assertIn("addr", out)

    def test_a_port_in_use_is_told(self):
        node = self.gnode()
        second = self.run_program("gnode", f"-tcp_addr={node.tcp}", "-http_addr=127.0.0.1:0",
                                  f"-data_save_path={self.path('other')}")
        self.assertNotEqual(second[0], 0)
        self.assertIn(node.tcp, second[1])

    def test_the_log_file_lies_in_the_data_folder(self):
        node = self.gnode("-log_target=console,file")
        node.stop()
        path = self.path("data", "gnode.log")
        self.assertTrue(os.path.exists(path), os.listdir(self.path("data")))
        with open(path, encoding="utf-8") as file:
            self.assertRegex(file.readline(), r"^\[[EWITD]\] \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[\w+\] ")
