"""What the run of schemathesis needs besides the OpenAPI document; schemathesis.toml loads it.

Each part says why it is there.
"""

import base64
import itertools
import json
import re
import time
import unicodedata
import urllib.error
import urllib.request
import uuid

import schemathesis

# Each of these ends a session, an account or a password, and would end the run with it. They are
# called by a user of their own each time, so that they can be tried like everything else.
LAST_WORDS = {"logout", "logout_everywhere", "revoke_session", "delete_me", "change_password"}

# As in the document's examples, so that they can work.
PASSWORD = "a good long password"

# A picture of one pixel.
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="

# api-test starts schemathesis in the folder where this is.
with open("users.json", encoding="utf-8") as users:
    RUNNER = json.load(users)["auth"][0]["fixedHeaders"][0]["value"]

serial = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    # A token that is missing or wrong is missing or wrong on purpose.
    if operation in LAST_WORDS and case.headers.get("Authorization") == RUNNER:
        lend_a_user(operation, case)
    if isinstance(case.body, dict):
        body = {field: possible(field, value) for field, value in case.body.items()}
        if body != case.body:
            case.body = body
    for field, value in list(case.query.items()):
        if possible(field, value) != value:
            case.query[field] = possible(field, value)
    if operation == "send_message" and next(serial) % 2:
        # OpenAPI does not let a document ask for the other of two media types.
        case.headers["Accept"] = "text/event-stream"
    if operation == "restore_conversation" and is_uuid(case.path_parameters.get("id")):
        # What is restored must lie in the trash first.
        trash(case)
    if operation == "read_attachment" and is_uuid(case.path_parameters.get("id")):
        # Ids of attachments lie too deep in the answers for schemathesis to find them.
        if next(serial) % 2:
            case.path_parameters = {"id": picture_of_the_runner(case)}


def lend_a_user(operation, case):
    api = case.operation.schema.get_base_url().rstrip("/") + "/api/v1/auth"
    credentials = {"username": f"lent-{next(serial)}", "password": PASSWORD}
    user = call("POST", f"{api}/register", credentials)
    case.headers["Authorization"] = f"Bearer {user['access_token']}"
    # The ids in the run are of the runner's sessions; this user has others.
    if operation == "revoke_session" and is_uuid(case.path_parameters.get("id")):
        case.path_parameters = {"id": call("POST", f"{api}/login", credentials)["session_id"]}


pictures = []


def picture_of_the_runner(case):
    if not pictures:
        api = case.operation.schema.get_base_url().rstrip("/") + "/api/v1/conversations"
        conversation = call("POST", api, {}, RUNNER)["id"]
        message = {"content": "Look.", "attachments": [PICTURE]}
        sent = call("POST", f"{api}/{conversation}/messages", message, RUNNER)
        pictures.append(sent["user_message"]["attachments"][0]["id"])
    return pictures[0]


def trash(case):
    api = case.operation.schema.get_base_url().rstrip("/") + "/api/v1/conversations"
    try:
        call("DELETE", f"{api}/{case.path_parameters['id']}", None, RUNNER)
    except urllib.error.HTTPError as error:
        # It may lie there already, or not exist: the case itself shows which.
        if error.code != 404:
            raise


def call(method, url, body, authorization=None):
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read() or "null")


def is_uuid(text):
    try:
        return bool(uuid.UUID(str(text)))
    except ValueError:
        return False


def possible(field, value):
    """The value, or one like it where the server asks for what no JSON schema can say.

    Only what the schema allows is touched: what it forbids must be refused by the server.
    """
    if field in ("password", "new_password") and isinstance(value, str):
        # bcrypt counts bytes, a schema counts characters.
        if len(value) <= 72 < bytes_of(value):
            return plain(value)
    if field in ("username", "email") and isinstance(value, str):
        # Names are compared in Unicode's compatibility form, which may be longer, and may have
        # an @ or a space where the name has none.
        folded = unicodedata.normalize("NFKC", value.strip()).lower()
        apart = field == "username" and re.search(r"[@\s]", folded)
        if apart or bytes_of(folded) > 254 or bytes_of(value) > 254:
            return plain(value)
    if field in ("time_zone", "tz") and isinstance(value, str):
        # There are six hundred of them.
        if len(value) <= 64 and re.match(r"[A-Za-z][0-9A-Za-z_+/-]*\Z", value):
            return "Europe/Berlin"
    if field == "q" and isinstance(value, str):
        # Marks and the like do not count, so a query of nothing else is empty.
        if value.strip().strip('"') and "\0" not in value and not re.search(r"[^\W_]", value):
            return "river"
    if field == "id_token" and isinstance(value, str) and len(value) <= 8192:
        return id_token()
    if field == "attachments" and isinstance(value, list):
        # Their first bytes are looked at.
        image = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([0-9A-Za-z+/]{4})*"
                           r"([0-9A-Za-z+/][AQgw]==|[0-9A-Za-z+/]{2}[AEIMQUYcgkosw048]=)?\Z")
        return [PICTURE if isinstance(url, str) and image.match(url) else url for url in value]
    return value


def id_token():
    """An ID token as the emulator of Firebase makes them: unsigned, of somebody new each time."""
    now = int(time.time())
    claims = {
        "iss": "https://securetoken.google.com/api-test",
        "aud": "api-test",
        "sub": f"somebody-{next(serial)}",
        "iat": now,
        "auth_time": now,
        "exp": now + 3600,
    }
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    text = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"{text[0]}.{text[1]}."


def bytes_of(text):
    return len(text.encode("utf-8", "surrogatepass"))


def plain(text):
    return "".join(char if char.isascii() else "x" for char in text)
