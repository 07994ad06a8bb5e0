"""Clients that other people wrote, against Serene over plain http. Prints what held; fails at the
first thing that does not. Arguments: the server's binary, and the folder of the npm packages if they
are installed.
"""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import flask
import flask_jwt_extended
import httpx
import jwt
import requests

SECRET = "a secret that both sides know, and that is long enough"
PASSWORD = "a good long password"
NOTE = "I walked along the river this morning and for once nothing hurried me."


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED  {what}")


def start(binary, folder, **environment):
    environment |= {
        "PORT": "0",
        "JWT_SECRET_KEY": SECRET,
        "AUTH_THROTTLE": "off",
        "RATE_LIMIT_PER_USER": "off",
        "SERENE_LOG": "warn",
    }
    out = open(os.path.join(folder, "out.txt"), "w+")
    log = open(os.path.join(folder, "log.txt"), "w")
    server = subprocess.Popen([binary], cwd=folder, env=environment, stdout=out, stderr=log)
    for _ in range(400):
        printed = pathlib.Path(out.name).read_text()
        for line in printed.splitlines():
            if line.startswith("  listening  "):
                return server, line.split()[1]
        if server.poll() is not None:
            break
        time.sleep(0.05)
    server.kill()
    sys.exit(f"Serene did not start: {pathlib.Path(log.name).read_text()}")


def keeps_the_cookie(name, client, url):
    """Register, write, read the week, sign out: the contract `entries`."""
    account = {"email": f"{name}@example.org", "password": PASSWORD}
    answer = client.post(f"{url}/api/auth/register", json=account)
    check(answer.status_code == 201 and answer.json() == {"success": True}, f"{name}: register")
    check("auth_token" in client.cookies, f"{name}: the cookie is kept")
    me = client.get(f"{url}/api/auth/me")
    check(me.json().get("email") == account["email"], f"{name}: me, over plain http")
    entry = {"mood": "calm", "tags": ["river"], "note": NOTE}
    made = client.post(f"{url}/api/entries", json=entry)
    check(made.status_code == 201 and made.json()["ai_response"], f"{name}: entry")
    listed = client.get(f"{url}/entries").json()
    check([one["id"] for one in listed] == [made.json()["id"]], f"{name}: entries, at the root")
    week = client.get(f"{url}/api/analytics/weekly").json()
    check(week == {"calm": 1}, f"{name}: weekly")
    left = client.post(f"{url}/api/auth/logout", json={})
    check(left.status_code == 200 and "auth_token" not in client.cookies, f"{name}: logout")
    check(client.get(f"{url}/api/auth/me").status_code == 401, f"{name}: signed out")
    print(f"ok      {name} keeps the cookie from register to logout")


def reads_the_token(url):
    """A token of the contract `histories`, in the hands of those who know the secret."""
    account = {"username": "john_doe", "email": "john@example.org", "password": PASSWORD}
    made = requests.post(f"{url}/api/auth/register", json=account, timeout=10)
    check(made.status_code == 201, "register")
    login = requests.post(f"{url}/api/auth/login", json=account, timeout=10).json()
    claims = jwt.decode(login["token"], SECRET, algorithms=["HS256"])
    check(claims["sub"] == str(made.json()["id"]) and claims["type"] == "access", "PyJWT reads it")
    print("ok      PyJWT reads the token")

    app = flask.Flask("another")
    app.config["JWT_SECRET_KEY"] = SECRET
    flask_jwt_extended.JWTManager(app)

    @app.get("/mine")
    @flask_jwt_extended.jwt_required()
    def mine():
        return {"identity": flask_jwt_extended.get_jwt_identity()}

    headers = {"Authorization": f"Bearer {login['token']}"}
    answer = app.test_client().get("/mine", headers=headers)
    check(answer.json == {"identity": claims["sub"]}, "Flask-JWT-Extended takes it")
    print("ok      Flask-JWT-Extended takes the token")


def answers_curl(url):
    """The three lines that the documentation of `histories` has always shown."""
    json_type = ["-H", "Content-Type: application/json"]
    account = {"username": "testuser", "email": "test@example.com", "password": "testpass123"}
    made = curl("POST", f"{url}/api/auth/register", *json_type, "-d", json.dumps(account, indent=4))
    check(made["username"] == "testuser" and isinstance(made["id"], int), "curl: register")
    del account["email"]
    login = curl("POST", f"{url}/api/auth/login", *json_type, "-d", json.dumps(account, indent=4))
    check(login["user"]["email"] == "test@example.com", "curl: login")
    me = curl("GET", f"{url}/api/auth/me", "-H", f"Authorization: Bearer {login['access_token']}")
    check(me["id"] == made["id"], "curl: me")
    print("ok      curl registers, signs in and asks who it is")


def curl(method, url, *rest):
    done = subprocess.run(["curl", "-sS", "-X", method, url, *rest], capture_output=True, timeout=20)
    check(done.returncode == 0, f"curl {url}: {done.stderr.decode()}")
    return json.loads(done.stdout)


# What a page does: signs up, out and in by cookie, writes an entry, lists it, and writes into itself what came.
PAGE = """<!doctype html><title>A journal</title><p id=said>nothing yet</p><script>
const api = (path, body) => fetch("API" + path, {
  method: body ? "POST" : "GET", credentials: "include",
  headers: {"Content-Type": "application/json"}, body: body && JSON.stringify(body),
}).then((answer) => answer.json());
(async () => {
  const account = {email: location.port + "@example.org", password: "a good long password"};
  const made = await api("/api/auth/register", account);
  await api("/api/auth/logout", {});
  const back = await api("/api/auth/login", account);
  const entry = await api("/api/entries", {mood: "calm", tags: [], note: "NOTE"});
  const list = await api("/api/entries");
  return `registered ${made.success}, back ${back.success}, entries ${list.length}, the same ${list[0].id === entry.id}`;
})().catch((error) => "refused: " + error).then((text) => {
  document.getElementById("said").textContent = text;
});
</script>"""


class Page(http.server.BaseHTTPRequestHandler):
    """Serves the page at every path."""

    html = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.html)

    def log_message(self, *_):
        pass


def works_in_a_browser(binary, folder):
    """A page of another origin that is listed may use the cookie; one that is not may not."""
    browser = shutil.which("chromium")
    if browser is None:
        print("SKIPPED a page in a browser: there is no chromium (apt-get install chromium)")
        return
    pages = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    listed, other = (f"http://localhost:{page.server_port}" for page in pages)
    server, url = start(
        binary, folder, BCRYPT_COST="10", SERENE_ENV="production", FRONTEND_URL=listed
    )
    Page.html = PAGE.replace("API", url.replace("127.0.0.1", "localhost")).replace("NOTE", NOTE).encode()
    try:
        for page in pages:
            threading.Thread(target=page.serve_forever, daemon=True).start()
        for origin, said in [(listed, "registered true, back true, entries 1, the same true"), (other, "refused: TypeError")]:
            options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000"]
            profile = f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"
            command = [browser, *options, profile, "--dump-dom", origin]
            dom = subprocess.run(command, capture_output=True, timeout=60).stdout.decode()
            check(said in dom, f"a page of {origin}: {dom[-400:]}")
    finally:
        server.terminate()
        server.wait(30)
        for page in pages:
            page.shutdown()
    print("ok      a page of a listed origin uses the cookie in a browser; another is refused")


def free_ports(number):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def signs_in_with_firebase(binary, folder, clients):
    """The client library of Firebase and its emulator, both as npm has them."""
    names = ["auth", "hub", "logging"]
    ports = dict(zip(names, free_ports(len(names))))
    emulators = {name: {"host": "127.0.0.1", "port": port} for name, port in ports.items()}
    configuration = {"emulators": emulators | {"ui": {"enabled": False}, "singleProjectMode": True}}
    pathlib.Path(folder, "firebase.json").write_text(json.dumps(configuration))
    tool = [os.path.join(clients, "node_modules/.bin/firebase"), "emulators:start"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"HOME": folder, "CI": "1"}
    emulator = subprocess.Popen(
        [*tool, "--only", "auth", "--project", "demo-proj"], cwd=folder, env=environment, **quiet
    )
    at = f"127.0.0.1:{ports['auth']}"
    server, url = start(
        binary, folder, BCRYPT_COST="4", FIREBASE_PROJECT_ID="demo-proj", FIREBASE_AUTH_EMULATOR_HOST=at
    )
    try:
        for _ in range(240):
            try:
                requests.get(f"http://{at}/", timeout=2)
                break
            except requests.ConnectionError:
                time.sleep(0.25)
        # Its imports are found beside it.
        script = pathlib.Path(__file__).with_name("client_test_firebase.mjs").read_text()
        beside = pathlib.Path(clients, "client_test_firebase.mjs")
        beside.write_text(script)
        done = subprocess.run(["node", beside, f"http://{at}", url], capture_output=True, timeout=60)
        check(done.returncode == 0, f"firebase: {done.stderr.decode()[-600:]}")
        print(done.stdout.decode().strip())
    finally:
        for process in (server, emulator):
            process.terminate()
            process.wait(30)


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, url = start(sys.argv[1], folder, BCRYPT_COST="4")
        try:
            with requests.Session() as session:
                keeps_the_cookie("requests", session, url)
            with httpx.Client() as client:
                keeps_the_cookie("httpx", client, url)
            reads_the_token(url)
            answers_curl(url)
        finally:
            server.terminate()
            server.wait(30)
    with tempfile.TemporaryDirectory() as folder:
        works_in_a_browser(sys.argv[1], folder)
    if len(sys.argv) > 2:
        with tempfile.TemporaryDirectory() as folder:
            signs_in_with_firebase(sys.argv[1], folder, sys.argv[2])


if __name__ == "__main__":
    main()
