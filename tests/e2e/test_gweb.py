"""test_gweb - gweb's core: logins, sessions, users, who may do what, pages, the audit log; and those who try harder

SPDX-License-Identifier: MIT
"""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time

import gmqtest
from gmqtest import Case, Http

PASSWORD = "correct horse"


class Browser(Http):
    """A client that keeps its cookie, and says of itself what a browser says."""

    def __init__(self, addr, cookie=None):
        super().__init__(addr)
        self.addr, self.cookie = addr, cookie

    def ask(self, method, path, value=None, headers=None, raw=None):
        lines = {"Host": self.addr, **({"Cookie": f"gmq_session={self.cookie}"} if self.cookie else {})}
        if method != "GET":
            lines.update({"Origin": f"http://{self.addr}", "Sec-Fetch-Site": "same-origin"})
        lines.update(headers or {})
        body = raw if raw is not None else b"" if value is None else json.dumps(value).encode()
        if value is not None:
            lines.setdefault("Content-Type", "application/json")
        text = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        got = self.call(f"{text}Content-Length: {len(body)}\r\n\r\n".encode() + body, method)
        cookie = re.match(r"gmq_session=([^;]*)", got.headers.get("set-cookie", "")) if got else None
        if cookie:
            self.cookie = cookie.group(1) or None
        return got

    def login(self, name="admin", password=PASSWORD, **more):
        return self.ask("POST", "/api/session", {"name": name, "password": password}, **more)


class GwebCase(Case):
    def web(self, *flags, **more):
        return self.gweb("-auth=on", f"-admin_password={PASSWORD}", *flags, **more)

    def browser(self, web, name=None, password=PASSWORD, cookie=None):
        one = Browser(web.http, cookie)
        self.addCleanup(one.close)
        if name:
            self.assertEqual(one.login(name, password).status, 200)
        return one

    def code(self, got, status, code):
        self.assertEqual((got.status, got.json["code"]), (status, code), got.body)
        self.assertEqual(got.headers["content-type"], "application/problem+json")

    def audit(self, browser, query=""):
        return browser.ask("GET", "/api/audit" + query).json


class Logins(GwebCase):
    def test_the_first_start_shows_a_password_once(self):
        web = self.gweb("-auth=on")
        password = web.wait_line(r"FIRST START: log in as admin with the password (\S+)").group(1)
        self.assertRegex(password, r"^[a-z2-9]{4}(-[a-z2-9]{4}){3}$")
        self.browser(web, "admin", password)
        self.assertEqual(web.stop(), 0)
        again = self.gweb("-auth=on")
        self.browser(again, "admin", password)
        self.assertNotIn("FIRST START", again.output)

    def test_a_login_makes_a_session_and_a_logout_ends_it(self):
        web = self.web()
        one = self.browser(web)
        self.assertEqual(one.ask("GET", "/api/session").json["user"], None)
        self.code(one.ask("GET", "/api/audit"), 401, "LOGIN_NEEDED")
        got = one.login()
        self.assertEqual((got.status, got.json["user"]), (200, {"name": "admin", "role": "admin"}))
        self.assertRegex(got.headers["set-cookie"],
                         r"^gmq_session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict$")
        self.assertEqual(got.headers["cache-control"], "no-store")
        self.assertEqual(one.ask("GET", "/api/session").json["user"]["name"], "admin")
        stolen = one.cookie
        got = one.ask("DELETE", "/api/session")
        self.assertEqual(got.status, 204)
        self.assertIn("Max-Age=0", got.headers["set-cookie"])
        self.code(self.browser(web, cookie=stolen).ask("GET", "/api/audit"), 401, "LOGIN_NEEDED")

    def test_wrong_passwords_and_unknown_names_look_the_same(self):
        one = self.browser(self.web())
        wrong = one.login("admin", "wrong password")
        unknown = one.login("nobody", "wrong password")
        odd = one.login("ad\0min", PASSWORD), one.login("admin", PASSWORD + "\0x"), one.login("a:b", "x")
        for got in (wrong, unknown, *odd):
            self.code(got, 401, "BAD_LOGIN")
            self.assertEqual(got.body, wrong.body)
            self.assertNotIn("set-cookie", got.headers)

    def test_each_login_has_a_new_session_and_ends_the_one_before(self):
        web = self.web()
        one = self.browser(web, "admin")
        first = one.cookie
        self.assertEqual(one.login().status, 200)
        self.assertNotEqual(one.cookie, first)
        self.code(self.browser(web, cookie=first).ask("GET", "/api/users"), 401, "LOGIN_NEEDED")
        fixed = self.browser(web, cookie="f" * 64)
        self.assertEqual(fixed.login().status, 200)
        self.assertNotEqual(fixed.cookie, "f" * 64)

    def test_sessions_cannot_be_made_up(self):
        web = self.web()
        good = self.browser(web, "admin").cookie
        flipped = ("0" if good[0] != "0" else "1") + good[1:]
        for cookie in (flipped, good[:-1], good + "0", good.upper(), "", "0" * 64, "x" * 5000, f'"{good}"'):
            self.code(self.browser(web, cookie=cookie).ask("GET", "/api/users"), 401, "LOGIN_NEEDED")
        one = self.browser(web)
        self.assertEqual(one.ask("GET", "/api/users", headers={"Cookie": f"a=b; gmq_session={good}; c"}).status, 200)
        for header in (f"xgmq_session={good}", f"gmq_session=0; gmq_session={good}", "=;;;=", good):
            self.assertEqual(one.ask("GET", "/api/users", headers={"Cookie": header}).status, 401, header)
        self.code(one.ask("GET", f"/api/users?gmq_session={good}"), 401, "LOGIN_NEEDED")

    def guess(self, login, burst, regain_s):
        """Wrong logins until one is refused, the last answer; a slow machine gives back a try now and then."""
        start = time.monotonic()
        for i in range(1000):
            got = login(i)
            if got.status == 429:
                break
            self.code(got, 401, "BAD_LOGIN")
        self.assertGreaterEqual(i, burst)
        self.assertLessEqual(i, burst + (time.monotonic() - start) / regain_s + 1)
        self.assertEqual(got.json["code"], "TOO_MANY_LOGINS")
        self.assertIn(int(got.headers["retry-after"]), range(1, regain_s + 1))
        return i

    def test_brute_force_meets_a_limit(self):
        web = self.web()
        one = self.browser(web)
        tries = self.guess(lambda i: one.login("admin", f"guess number {i}"), 10, 15)
        # Not even the right password is looked at now, and only one of many is in the log.
        got = [one.login("admin") for _ in range(5)]
        refused = [g for g in got if g.status == 429]
        self.assertGreaterEqual(len(refused), 4)
        results = [e["result"] for e in self.entries(web)]
        self.assertEqual(results[:tries + 1], ["BAD_LOGIN"] * tries + ["TOO_MANY_LOGINS"])
        self.assertLessEqual(results.count("TOO_MANY_LOGINS"), 2)

    def entries(self, web):
        with open(self.path("web-data", "gweb", "audit.log"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def test_good_logins_count_for_nothing(self):
        one = self.browser(self.web())
        self.assertEqual([one.login().status for _ in range(25)], [200] * 25)

    def test_a_name_has_a_limit_whatever_the_addresses(self):
        web = self.web("-behind_proxy=yes")
        one = self.browser(web)
        self.guess(lambda i: one.login("admin", "a wrong one", headers={"X-Forwarded-For": f"9.9.9.9, 10.0.{i}.1"}),
                   20, 10)
        self.assertEqual(one.login("other", "a wrong one", headers={"X-Forwarded-For": "10.0.99.1"}).status, 401)
        self.assertEqual(self.entries(web)[3]["address"], "10.0.3.1")

    def test_strangers_do_not_shut_a_user_out_where_he_has_been(self):
        web = self.web("-behind_proxy=yes")
        one = self.browser(web)
        home = {"X-Forwarded-For": "10.9.9.9"}
        self.assertEqual(one.login(headers=home).status, 200)
        self.guess(lambda i: one.login("admin", "a wrong one", headers={"X-Forwarded-For": f"10.0.{i}.1"}), 20, 10)
        self.assertEqual(one.login("admin", headers=home).status, 200)
        self.guess(lambda i: one.login("admin", "a wrong one", headers=home), 10, 15)

    def test_a_proxy_is_believed_only_where_there_is_one(self):
        one = self.browser(self.web())
        self.guess(lambda i: one.login("admin", "a wrong one", headers={"X-Forwarded-For": f"10.0.{i}.1"}), 10, 15)
        secure = self.browser(self.gweb("-auth=on", f"-admin_password={PASSWORD}", "-behind_proxy=yes", data="two"))
        got = secure.login(headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"})
        self.assertIn("; Secure", got.headers["set-cookie"])

    def test_a_session_has_its_last_hour(self):
        web = self.web("-session_hours=1")
        one = self.browser(web, "admin")
        self.assertEqual(one.ask("GET", "/api/users").status, 200)
        self.assertNotIn("max-age", one.login().headers["set-cookie"].lower())


class Users(GwebCase):
    def test_roles(self):
        web = self.web()
        admin = self.browser(web, "admin")
        got = admin.ask("POST", "/api/users", {"name": "小明", "password": "eight or more", "role": "viewer"})
        self.assertEqual((got.status, got.json["role"]), (201, "viewer"))
        viewer = self.browser(web, "小明", "eight or more")
        self.assertEqual(viewer.ask("GET", "/api/audit").status, 200)
        for method, path, value in (("GET", "/api/users", None), ("POST", "/api/users", {}),
                                    ("DELETE", "/api/users/admin", None), ("PATCH", "/api/users/x", {})):
            self.code(viewer.ask(method, path, value), 403, "ROLE")
        self.assertEqual(admin.ask("PATCH", "/api/users/%E5%B0%8F%E6%98%8E", {"role": "admin"}).json["role"], "admin")
        self.assertEqual(viewer.ask("GET", "/api/users").status, 200)
        names = [(u["name"], u["role"]) for u in admin.ask("GET", "/api/users").json["users"]]
        self.assertEqual(names, [("admin", "admin"), ("小明", "admin")])
        self.assertEqual(admin.ask("DELETE", "/api/users/%E5%B0%8F%E6%98%8E").status, 204)
        self.code(viewer.ask("GET", "/api/audit"), 401, "LOGIN_NEEDED")

    def test_the_last_admin_stays(self):
        one = self.browser(self.web(), "admin")
        self.code(one.ask("DELETE", "/api/users/admin"), 409, "LAST_ADMIN")
        self.code(one.ask("PATCH", "/api/users/admin", {"role": "viewer"}), 409, "LAST_ADMIN")
        self.assertEqual(one.ask("GET", "/api/users").status, 200)

    def test_what_is_no_user_is_refused(self):
        one = self.browser(self.web(), "admin")
        good = {"name": "x", "password": "long enough", "role": "viewer"}
        for change, code in (({"name": ""}, "USER_NAME"), ({"name": "a b"}, "USER_NAME"),
                             ({"name": "a/b"}, "USER_NAME"),
                             ({"name": "a:b"}, "USER_NAME"), ({"name": "a\nb"}, "USER_NAME"),
                             ({"name": ".."}, "USER_NAME"),
                             ({"name": "n" * 65}, "VALUE"), ({"password": "short"}, "PASSWORD"),
                             ({"password": "with\0nul with"}, "PASSWORD"), ({"password": "x" * 129}, "VALUE"),
                             ({"role": "root"}, "VALUE"), ({"role": 1}, "VALUE"), ({"more": 1}, "VALUE")):
            self.code(one.ask("POST", "/api/users", {**good, **change}), 400, code)
        for raw, code in ((b"", "JSON"), (b"null", "VALUE"), (b"[]", "VALUE"), (b"{", "JSON"),
                          (b'{"name":"x"}', "VALUE"),
                          (b'{"name":"a","name":"b","password":"long enough","role":"viewer"}', "VALUE"),
                          (b"[" * 5000, "JSON"), (b'{"a":' * 500 + b"1" + b"}" * 500, "VALUE")):
            headers = {"Content-Type": "application/json"} if raw else {}
            self.code(one.ask("POST", "/api/users", raw=raw, headers=headers), 400, code)
        self.code(one.ask("POST", "/api/users", {**good, "name": "admin"}), 409, "USER_EXISTS")
        self.code(one.ask("PATCH", "/api/users/x", {"role": "admin"}), 404, "USER_UNKNOWN")
        self.code(one.ask("DELETE", "/api/users/x"), 404, "USER_UNKNOWN")

    def test_a_new_password_ends_the_other_sessions(self):
        web = self.web()
        here, there = self.browser(web, "admin"), self.browser(web, "admin")
        self.code(here.ask("PUT", "/api/password", {"old": "not the old", "new": "a new password"}), 401, "BAD_LOGIN")
        self.code(here.ask("PUT", "/api/password", {"old": PASSWORD, "new": "short"}), 400, "PASSWORD")
        self.assertEqual(there.ask("GET", "/api/users").status, 200)
        self.assertEqual(here.ask("PUT", "/api/password", {"old": PASSWORD, "new": "a new password"}).status, 200)
        self.assertEqual(here.ask("GET", "/api/users").status, 200)
        self.code(there.ask("GET", "/api/users"), 401, "LOGIN_NEEDED")
        self.assertEqual(there.login().status, 401)
        self.assertEqual(there.login(password="a new password").status, 200)

    def test_users_outlive_a_restart_and_kill(self):
        web = self.web()
        admin = self.browser(web, "admin")
        for name in ("ann", "bob"):
            value = {"name": name, "password": "the one of " + name, "role": "viewer"}
            self.assertEqual(admin.ask("POST", "/api/users", value).status, 201)
        self.assertEqual(admin.ask("PATCH", "/api/users/bob", {"password": "another for bob"}).status, 200)
        web.kill()
        path = self.path("web-data", "gweb", "users")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn(PASSWORD, text)
        self.assertIn(" $y$", text)
        web = self.web()
        self.browser(web, "ann", "the one of ann")
        self.browser(web, "bob", "another for bob")
        # Sessions do not: they are memory alone.
        self.code(self.browser(web, cookie=admin.cookie).ask("GET", "/api/users"), 401, "LOGIN_NEEDED")

    def test_a_damaged_file_of_users_lets_nobody_in(self):
        web = self.web()
        self.assertEqual(web.stop(), 0)
        path = self.path("web-data", "gweb", "users")
        with open(path, "rb") as file:
            good = file.read()
        for bad in (b"", good[:-1], good[:40], good.replace(b"admin admin", b"admin root"), good + b"x",
                    good.replace(b"users 1", b"users 2")):
            with open(path, "wb") as file:
                file.write(bad)
            code, output = self.run_program("gweb", "-web_addr=127.0.0.1:0", "-data_save_path=web-data")
            self.assertEqual(code, 1, bad)
            self.assertRegex(output, "gweb/users (is damaged at line [123]|was written by a newer gweb)")

    def test_a_forgotten_password_is_set_from_the_shell(self):
        web = self.web()
        data = f"-data_save_path={self.path('web-data')}"

        def set_password(name, text):
            done = subprocess.run([gmqtest.program("gweb"), f"-set_password={name}", data], input=text, cwd=self.folder,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=gmqtest.DEADLINE_S)
            return done.returncode, done.stdout.decode()

        code, output = set_password("admin", b"while it runs\n")
        self.assertEqual(code, 1)
        self.assertIn("stop it first", output)
        self.assertEqual(web.stop(), 0)
        self.assertEqual(set_password("admin", b"short\n")[0], 1)
        self.assertEqual(set_password("admin", b"x" * 200 + b"\n")[0], 1)
        self.assertEqual(set_password("admin", b"remembered now\n"), (0, "admin has a new password\n"))
        self.assertEqual(set_password("second", b"for the second\r\n"), (0, "second is a new admin\n"))
        web = self.web()
        self.browser(web, "admin", "remembered now")
        self.browser(web, "second", "for the second")

    def test_without_logins_there_are_no_users(self):
        one = self.browser(self.gweb())
        self.assertEqual(one.ask("GET", "/api/session").json["user"], {"name": "local", "role": "admin"})
        self.code(one.ask("GET", "/api/users"), 409, "AUTH_OFF")
        self.code(one.login(), 409, "AUTH_OFF")
        self.code(one.ask("PUT", "/api/password", {"old": "x", "new": "y"}), 409, "AUTH_OFF")


class Fleet(GwebCase):
    """With a registry and a node behind it."""

    def fleet(self):
        registry = self.gregister()
        node = self.gnode("-node_id=7", f"-register_addr=http://{registry.http}")
        gmqtest.wait_until(registry.nodes, "the node in the registry")
        web = self.web(register=f"http://{registry.http}")
        admin = self.browser(web, "admin")
        gmqtest.wait_until(lambda: [n for n in admin.ask("GET", "/api/fleet").json["nodes"] if n["state"] == "up"],
                           "the node up in gweb")
        return web, node, admin

    def stream(self, web, cookie):
        """A stream of events that has begun."""
        one = self.browser(web)
        one.send(f"GET /api/events HTTP/1.1\r\nHost: {web.http}\r\nCookie: gmq_session={cookie}\r\n\r\n".encode())
        head = one.take_until(b"\r\n\r\n")
        self.assertIn(b"200 OK", head)
        self.assertIn(b"text/event-stream", head)
        self.assertIn(b"Content-Security-Policy", head)
        one.take_until(b"data:")
        return one

    def ends(self, stream):
        return stream.take_until(b"\r\n0\r\n\r\n") is not None

    def test_live_events_end_with_the_session(self):
        web, _node, admin = self.fleet()
        value = {"name": "bob", "password": "long enough", "role": "viewer"}
        self.assertEqual(admin.ask("POST", "/api/users", value).status, 201)
        bob, again = self.browser(web, "bob", "long enough"), self.browser(web, "bob", "long enough")
        mine, his, other = (self.stream(web, one.cookie) for one in (admin, bob, again))
        self.assertEqual(bob.ask("DELETE", "/api/session").status, 204)
        self.assertTrue(self.ends(his))
        self.assertEqual(admin.ask("DELETE", "/api/users/bob").status, 204)
        self.assertTrue(self.ends(other))
        mine.buf = b""
        self.assertTrue(mine.take_until(b"data:"))
        self.code(self.browser(web, cookie=bob.cookie).ask("GET", "/api/events"), 401, "LOGIN_NEEDED")
        web.signal(signal.SIGTERM)
        self.assertEqual(web.wait(), 0)

    def test_who_may_change_what_is_in_a_node(self):
        web, node, admin = self.fleet()
        value = {"name": "bob", "password": "long enough", "role": "viewer"}
        self.assertEqual(admin.ask("POST", "/api/users", value).status, 201)
        bob, nobody = self.browser(web, "bob", "long enough"), self.browser(web)
        push = "/api/nodes/7/v1/topics/orders/messages"
        self.assertEqual(admin.ask("POST", push, {"body": "x"}).status, 201)
        changes = (("POST", push, {"body": "x"}), ("POST", "/api/nodes/7/v1/topics/orders/purge", {}),
                   ("DELETE", "/api/nodes/7/v1/topics/orders", None), ("DELETE", "/api/fleet/7", None),
                   ("POST", "/api/nodes/7/v1/deliveries", {"topics": ["orders"]}),
                   ("PATCH", "/api/fleet/7", {"weight": 2}))
        for method, path, body in changes:
            self.code(bob.ask(method, path, body), 403, "ROLE")
            self.code(nobody.ask(method, path, body), 401, "LOGIN_NEEDED")
            evil = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
            self.code(admin.ask(method, path, body, headers=evil), 403, "FOREIGN")
        self.assertEqual(bob.ask("GET", "/api/nodes/7/v1/topics/orders").json["ready"], 1)
        self.assertEqual(self.http(node).stat("orders")["queue_num"], 1)
        got = self.audit(bob, "?text=message.push")["entries"]
        self.assertEqual([(e["user"], e["result"]) for e in got], [("bob", "ROLE"), ("admin", "ok")])

    def test_it_stops_while_a_node_is_being_asked(self):
        web, node, admin = self.fleet()
        waits, door = [self.browser(web) for _ in range(5)], self.http(node)

        def connections():
            return door.v1("GET", "node").json["connections"]["http"]

        before = connections()
        body = json.dumps({"topics": ["nothing"], "wait_ms": 30000}).encode()
        for one in waits:
            one.send(f"POST /api/nodes/7/v1/deliveries HTTP/1.1\r\nHost: {web.http}\r\nContent-Length: {len(body)}\r\n"
                     f"Cookie: gmq_session={admin.cookie}\r\nContent-Type: application/json\r\n\r\n".encode() + body)
        gmqtest.wait_until(lambda: connections() >= before + 4, "the pops to wait")     # gweb's own come and go
        self.browser(web).send(b"GET /api/audit HTTP/1.1\r\nHost: x\r\n\r\n")
        web.signal(signal.SIGTERM)
        self.assertEqual(web.wait(), 0)
        self.assertNotIn("must hold", web.output)

    def test_nobody_makes_it_contact_others(self):
        web, _node, admin = self.fleet()
        for ident in ("8", "0", "1025", "-1", "7x", "127.0.0.1:1", "%37%00", "7%2f..", "99999999999999999999"):
            got = admin.ask("GET", f"/api/nodes/{ident}/v1/node")
            self.assertIn(got.status, (400, 404), ident)
        for path in ("/api/nodes/7/v1/../../ping", "/api/nodes/7/v1/none", "/api/nodes/7/ping",
                     "/api/nodes/7/v1/events", "/api/nodes/7/v1/topics/%2e%2e", "/api/nodes/7/v1/node%3fx"):
            self.assertIn(admin.ask("GET", path).status, (400, 404), path)
        self.assertTrue(web.alive())


class Guard(GwebCase):
    def test_pages_of_others_change_nothing(self):
        web = self.web()
        one = self.browser(web, "admin")
        value = {"name": "evil", "password": "long enough", "role": "admin"}
        for headers in ({"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
                        {"Origin": "http://evil.example", "Sec-Fetch-Site": None},
                        {"Origin": "http://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": None},
                        {"Origin": None, "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": None, "Sec-Fetch-Site": "none"}, {"Origin": f"http://{web.http}.evil.example"},
                        {"Origin": "http://127.0.0.1:1"}, {"Origin": f"ftp://{web.http}"}, {"Host": "evil.example"}):
            got = one.ask("POST", "/api/users", value, headers=headers)
            self.code(got, 403, "FOREIGN")
        self.code(one.ask("GET", "/api/users", headers={"Sec-Fetch-Site": "cross-site"}), 403, "FOREIGN")
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            got = one.ask("POST", "/api/users", value, headers={"Content-Type": kind})
            self.code(got, 415, "CONTENT_TYPE")
        self.assertEqual([u["name"] for u in one.ask("GET", "/api/users").json["users"]], ["admin"])
        # A program needs none of a browser's headers.
        got = one.ask("POST", "/api/users", value, headers={"Origin": None, "Sec-Fetch-Site": None})
        self.assertEqual(got.status, 201)

    def test_without_logins_only_sure_names_are_answered(self):
        web = self.gweb()
        one = self.browser(web)
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "[evil.example]", ""):
            for path in ("/api/session", "/", "/topics"):
                got = one.ask("GET", path, headers={"Host": host})
                self.assertEqual(got.status, 421, (host, path))
        for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:8080", "gmq-host"):
            self.assertEqual(one.ask("GET", "/api/session", headers={"Host": host}).status, 200, host)

    def test_auth_off_is_for_this_machine_alone(self):
        for flags in (("-web_addr=:0",), ("-web_addr=0.0.0.0:0",), ("-web_addr=[::]:0",), ("-web_addr=example.org:0",)):
            code, output = self.run_program("gweb", "-auth=off", *flags)
            self.assertEqual(code, 2)
            self.assertIn("insecure=yes", output)
        self.assertFalse(os.path.exists(self.path("data")))
        web = self.gweb("-web_addr=:0", "-insecure=yes")
        self.assertIn("may do everything", web.output)

    def test_without_tls_it_warns(self):
        web = self.web("-web_addr=:0")
        self.assertIn("NO TLS", web.output)
        self.assertNotIn("NO TLS", self.web(data="two").output)

    def test_every_answer_has_the_headers(self):
        web = self.web()
        one = self.browser(web, "admin")
        want = {"content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
                "data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'", "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
                "cross-origin-opener-policy": "same-origin", "x-frame-options": "DENY"}
        asked = [one.ask("GET", path) for path in ("/", "/livez", "/readyz", "/js/none.js", "/api/session", "/api/none",
                                                   "/api/users", "/api/users/%ff", "/topics", "/..%2fx", "/%00")]
        asked += [one.ask("POST", "/", {}), one.ask("BREW", "/api/users"), one.ask("DELETE", "/api/session")]
        for got in asked:
            self.assertEqual({k: got.headers.get(k) for k in want}, want, got.status)
            self.assertNotIn("server", got.headers)

    def test_methods_and_paths_that_are_not_there(self):
        one = self.browser(self.web(), "admin")
        got = one.ask("POST", "/api/audit", {})
        self.code(got, 405, "METHOD")
        self.assertEqual(got.headers["allow"], "GET")
        self.assertEqual(one.ask("PUT", "/api/session", {}).headers["allow"], "GET, POST, DELETE")
        for path in ("/api", "/api/", "/api/users/", "/api/users/a/b", "/api//users", "/api/../api/users",
                     "/api/nothing"):
            self.code(one.ask("GET", path), 404, "NOT_FOUND")
        self.code(one.ask("POST", "/", {}), 405, "METHOD")


class Pages(GwebCase):
    def test_files_of_a_folder_and_no_others(self):
        os.makedirs(self.path("pages", "js"))
        for name, text in (("index.html", "<p>the page"), ("js/a.js", "let a;"), (".hidden", "x"),
                           ("../secret", "x")):
            with open(self.path("pages", name), "w", encoding="utf-8") as file:
                file.write(text)
        os.mkfifo(self.path("pages", "js", "pipe"))
        one = self.browser(self.gweb(f"-web_root={self.path('pages')}"))
        self.assertEqual(one.ask("GET", "/js/a.js").body, b"let a;")
        self.assertEqual(one.ask("GET", "/js/a.js").headers["content-type"], "text/javascript; charset=utf-8")
        for path in ("/", "/topics", "/topic/1/a.b", "/m/123", "/js"):
            got = one.ask("GET", path)
            self.assertEqual((got.status, got.body), (200, b"<p>the page"), path)
        for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "/js/../../secret", "//etc/passwd",
                     "/.hidden", "/js/..%2f..%2fsecret", "/js/pipe", "/%5c..%5csecret", "/js/a.js/", "/js/a.js%00.html",
                     "/etc/passwd"):
            got = one.ask("GET", path)
            self.assertIn(got.body, (b"<p>the page", b"There is no such page.\n", b"400 Bad Request"), path)
        with open(self.path("pages", "js", "a.js"), "w", encoding="utf-8") as file:
            file.write("let b;")
        self.assertEqual(one.ask("GET", "/js/a.js").body, b"let b;")

    def test_a_gweb_without_pages_says_how_to_get_them(self):
        web = self.gweb()
        got = self.browser(web).ask("GET", "/topics")
        self.assertEqual(got.status, 200)
        if "no pages" in web.output:
            self.assertIn(b"make web", got.body)
        else:
            self.assertIn(b"<!doctype html>", got.body.lower())

    def test_health(self):
        web = self.web()
        one = self.browser(web)
        self.assertEqual(one.ask("GET", "/livez").body, b"OK\n")
        self.assertEqual(one.ask("GET", "/readyz", headers={"Host": "any.example"}).json,
                         {"status": "ready", "reasons": []})

    def test_requests_that_are_too_large(self):
        web = self.web()
        got = self.browser(web).call(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n")
        self.assertIn(got.status if got else 0, (0, 400, 413, 431))
        raw = b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        got = self.browser(web).call(raw % (9 << 20) + b"[" * (9 << 20))
        self.assertEqual(got.status, 413)
        got = self.browser(web).call(raw % (16 << 10) + b"[" * (16 << 10))
        self.code(got, 400, "JSON")
        self.assertEqual(self.browser(web).login().status, 200)

    def test_strangers_do_not_hold_the_memory_for_bodies(self):
        web = self.web()
        cookie = self.browser(web, "admin").cookie
        for line in ("", f"Cookie: gmq_session={'0' * 64}\r\n"):
            for body in ("Content-Length: 8388608\r\n\r\nx",
                         "Transfer-Encoding: chunked\r\n\r\n700000\r\n" + "x" * 99999):
                for _ in range(5):
                    self.browser(web).send(f"POST /api/session HTTP/1.1\r\nHost: x\r\n{line}{body}".encode())
        self.assertEqual(self.browser(web).ask("GET", "/livez").status, 200)  # the others are at their bodies by now
        admin = self.browser(web, cookie=cookie)
        got = admin.ask("POST", "/api/users", {"name": "ann", "password": PASSWORD, "role": "viewer"})
        self.assertEqual(got.status, 201)
        raw = b"x" * (17 << 10)
        self.assertEqual(self.browser(web).ask("POST", "/api/session", raw=raw).status, 413)
        self.code(admin.ask("POST", "/api/session", raw=raw, headers={"Content-Type": "application/json"}), 400, "JSON")

    def test_it_stops_while_somebody_is_there(self):
        web = self.web()
        idle = [self.browser(web, "admin") for _ in range(3)]
        half = socket.create_connection(tuple(web.http.rsplit(":", 1)))
        self.addCleanup(half.close)
        half.sendall(b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        web.signal(signal.SIGTERM)
        self.assertEqual(web.wait(), 0)
        self.assertTrue(all(one.at_end() for one in idle))


class Audit(GwebCase):
    def test_every_change_is_in_the_log(self):
        web = self.web()
        one = self.browser(web, "admin")
        one.ask("POST", "/api/users", {"name": "bob", "password": "long enough", "role": "viewer"})
        one.ask("POST", "/api/users", {"name": "bob", "password": "long enough", "role": "viewer"})
        self.browser(web, "bob", "long enough").ask("DELETE", "/api/users/admin")
        one.ask("PATCH", "/api/users/bob", {"role": "admin", "password": "even longer"})
        self.browser(web).login("nobody", "wrong password")
        self.browser(web).ask("DELETE", "/api/users/bob")
        got = self.audit(one)
        self.assertIsNone(got["next"])
        seen = [(e["user"], e["action"], e["target"], e["result"]) for e in got["entries"]]
        self.assertEqual(seen, [("", "session.login", "nobody", "BAD_LOGIN"), ("admin", "user.change", "bob", "ok"),
                                ("bob", "user.remove", "admin", "ROLE"), ("bob", "session.login", "bob", "ok"),
                                ("admin", "user.add", "bob", "USER_EXISTS"), ("admin", "user.add", "bob", "ok"),
                                ("admin", "session.login", "admin", "ok")])
        first = got["entries"][1]
        self.assertEqual((first["address"], first["count"], first["detail"]),
                         ("127.0.0.1", None, "role admin password"))
        self.assertRegex(first["at"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
        path = self.path("web-data", "gweb", "audit.log")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="utf-8") as file:
            self.assertNotIn("longer", file.read())

    def test_hostile_names_stay_in_their_line(self):
        web = self.web()
        one = self.browser(web, "admin")
        names = ['"}\n{"user":"forged"}', "<script>alert(1)</script>", "\u202eevil", "x" * 64, "\x1b[31m", "\u2028"]
        for name in names:
            self.browser(web).login(name, "wrong password")
        entries = self.audit(one)["entries"]
        self.assertEqual([e["target"] for e in entries], names[::-1] + ["admin"])
        self.assertNotIn("\x1b[31m", web.output)

    def test_pages_of_it_and_what_is_looked_for(self):
        web = self.web()
        one = self.browser(web, "admin")
        for i in range(30):
            one.ask("DELETE", f"/api/users/nobody-{i:02}")
        seen, query = [], "?limit=7&text=USER.remove"
        while True:
            got = self.audit(one, query)
            seen += [e["target"] for e in got["entries"]]
            if not got["next"]:
                break
            query = f"?limit=7&text=USER.remove&cursor={got['next']}"
        self.assertEqual(seen, [f"nobody-{i:02}" for i in range(29, -1, -1)])
        self.assertEqual([e["target"] for e in self.audit(one, "?text=nobody-1")["entries"]],
                         [f"nobody-{i:02}" for i in range(19, 9, -1)])
        self.assertEqual(self.audit(one, "?text=%22%7D")["entries"], [])
        for query, code in (("?limit=0", "VALUE"), ("?limit=201", "VALUE"), ("?limit=x", "VALUE"),
                            ("?cursor=x", "VALUE"),
                            ("?text=" + "x" * 201, "VALUE"), ("?cursor=1.1", "CURSOR")):
            self.code(one.ask("GET", "/api/audit" + query), 400, code)

    def test_it_is_rotated_once_and_read_across(self):
        web = self.web("-audit_file_bytes=65536")
        one = self.browser(web, "admin")
        for i in range(600):
            one.ask("DELETE", f"/api/users/{i:03}-{'x' * 60}")
        folder = self.path("web-data", "gweb")
        self.assertEqual(sorted(n for n in os.listdir(folder) if n.startswith("audit")), ["audit.log", "audit.log.1"])
        self.assertLessEqual(os.path.getsize(os.path.join(folder, "audit.log")), 65536)
        got, seen = self.audit(one, "?limit=200&text=user.remove"), []
        while True:
            seen += [int(e["target"][:3]) for e in got["entries"]]
            if not got["next"]:
                break
            got = self.audit(one, f"?limit=200&text=user.remove&cursor={got['next']}")
        self.assertGreater(len(seen), 300)
        self.assertEqual(seen, list(range(599, 599 - len(seen), -1)))

    def test_a_torn_line_spoils_only_itself(self):
        web = self.web()
        self.browser(web, "admin")
        web.kill()
        with open(self.path("web-data", "gweb", "audit.log"), "ab") as file:
            file.write(b'\0\xff garbage\n{"half":')
        web = self.web()
        got = self.audit(self.browser(web, "admin"))
        self.assertEqual([e["action"] for e in got["entries"]], ["session.login"] * 2)

    def test_where_it_cannot_be_written_changes_go_on_and_it_is_said(self):
        web = self.web()
        one = self.browser(web, "admin")
        folder = self.path("web-data", "gweb")
        # A log that may not grow: what a full disk does, for this program alone.
        subprocess.run(["prlimit", f"--pid={web.pid}", f"--fsize={os.path.getsize(folder + '/audit.log')}:"],
                       check=True)
        got = one.ask("DELETE", "/api/users/nobody")
        self.code(got, 404, "USER_UNKNOWN")
        web.wait_line(r'audit.log cannot be written \(.*the entry is: \{.*"user.remove"')
        self.assertEqual(one.ask("GET", "/api/session").json["audit_lost"], 1)
        self.assertEqual(one.ask("GET", "/readyz").json["status"], "degraded")
        subprocess.run(["prlimit", f"--pid={web.pid}", "--fsize=unlimited:"], check=True)
        one.ask("DELETE", "/api/users/nobody-else")
        self.assertEqual(one.ask("GET", "/readyz").json["status"], "ready")
        self.assertEqual(self.audit(one)["entries"][0]["target"], "nobody-else")


if __name__ == "__main__":
    import unittest
    unittest.main()
