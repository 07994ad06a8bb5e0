"""Serene's metrics, read by Prometheus' own parsers. Prints what held; fails at the first thing that
does not. Arguments: the server's binary, and `--print` to see the page at the end.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_classic

TOKEN = "a-token-of-the-operator"
PASSWORD = "a good long password"
NAME = "marker-name"
TEXTS = {
    "message": "marker-message: I slept badly again.",
    "title": "marker-title",
    "note": "marker-note: I walked along the river and for once nothing hurried me at all.",
    "mood": "marker-mood",
    "tag": "marker-tag",
    "query": "marker-query",
    "path": "marker-path",
}

HTTP = {"http_request_method", "http_route", "http_response_status_code"}
DB = {"db_system_name", "db_query_summary"}
GEN_AI = {"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}
# Name as the parsers have it: type and labels.
FAMILIES = {
    "http_server_request_duration_seconds": ("histogram", HTTP),
    "http_server_active_requests": ("gauge", set()),
    "db_client_operation_duration_seconds": ("histogram", DB),
    "gen_ai_client_operation_duration_seconds": ("histogram", GEN_AI | {"error_type"}),
    "gen_ai_server_time_to_first_token_seconds": ("histogram", GEN_AI | {"error_type"}),
    "gen_ai_client_token_usage": ("histogram", GEN_AI | {"gen_ai_token_type"}),
    "serene_generations": ("counter", {"status", "error_type"}),
    "serene_open_streams": ("gauge", set()),
    "serene_slow_readers_dropped": ("counter", set()),
    "serene_rate_limited": ("counter", {"limit"}),
    "serene_db_write_queue": ("gauge", set()),
    "serene_db_write_batch": ("histogram", set()),
    "serene_hashing_queue": ("gauge", set()),
    "process_cpu_seconds": ("counter", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
    "process_max_fds": ("gauge", set()),
    "process_start_time_seconds": ("gauge", set()),
}


def check(holds, what):
    if not holds:
        sys.exit(f"FAILED  {what}")


def start(arguments, folder, begins, **environment):
    """Starts the binary and gives the addresses that it prints after these words."""
    out = open(pathlib.Path(folder, "out.txt"), "w+")
    log = open(pathlib.Path(folder, "log.txt"), "w")
    process = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=out, stderr=log)
    for _ in range(400):
        lines = pathlib.Path(out.name).read_text().splitlines()
        found = [[line for line in lines if line.startswith(word)] for word in begins]
        if all(found):
            return process, [lines[0].removeprefix(word).split()[0] for word, lines in zip(begins, found)]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    sys.exit(f"it did not start: {pathlib.Path(log.name).read_text()}")


def ask(method, url, token=None, body=None, **headers):
    """Status, headers and text of an answer, whatever it is."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if body is not None:
        headers["content-type"] = "application/json"
        body = json.dumps(body).encode()
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def make_traffic(url):
    account = {"username": NAME, "password": PASSWORD}
    status, _, text = ask("POST", f"{url}/api/v1/auth/register", body=account)
    check(status == 201, f"register: {text}")
    token = json.loads(text)["access_token"]
    made = ask("POST", f"{url}/api/v1/conversations", token, {"title": TEXTS["title"]})
    messages = f"{url}/api/v1/conversations/{json.loads(made[2])['id']}/messages"
    said = {"content": TEXTS["message"]}
    # The model refuses the first request and answers the second.
    for wanted in ["event: error", "event: done"]:
        status, _, text = ask("POST", messages, token, said, accept="text/event-stream")
        check(status == 200 and wanted in text, f"a streamed message: {text}")
    entry = {"mood": TEXTS["mood"], "tags": [TEXTS["tag"]], "note": TEXTS["note"]}
    status, _, text = ask("POST", f"{url}/api/v1/entries", token, entry)
    check(status == 201, f"an entry: {text}")
    for _ in range(3):
        check(ask("GET", f"{url}/api/v1/conversations", token)[0] == 200, "a list")
    sought = f"{url}/api/v1/search/messages?q={TEXTS['query']}"
    status, _, answer = ask("GET", sought, token)
    check(status == 200, f"a search: {answer}")
    many = [ask("GET", f"{url}/api/v1/me", token)[0] for _ in range(20)]
    check(set(many) == {200, 429}, f"more than the limit: {many}")
    check(ask("GET", f"{url}/{TEXTS['path']}")[0] == 404, "no such path")
    check(ask("GET", f"{url}/api/v1/me")[0] == 401, "no token")
    check(ask("MARKER", f"{url}/livez")[0] == 405, "no such method")
    return json.loads(text)["id"], messages.split("/")[-2]


def value(families, name, sample, **labels):
    """The one sample with these labels among others."""
    found = [
        one.value
        for one in families[name].samples
        if one.name == sample and labels.items() <= one.labels.items()
    ]
    check(len(found) == 1, f"{sample} {labels}: {found}")
    return found[0]


def look(families):
    for name, (kind, labels) in FAMILIES.items():
        check(name in families, f"{name} is missing")
        family = families[name]
        check(family.type == kind, f"{name} is a {family.type}")
        check(family.documentation, f"{name} is not described")
        check(family.samples, f"{name} has no sample") if not labels else None
        for sample in family.samples:
            check(set(sample.labels) - {"le"} == labels, f"{sample.name}: {sample.labels}")
    check(families.keys() == FAMILIES.keys(), f"unknown: {families.keys() - FAMILIES.keys()}")

    def requests(method, route, status):
        name = "http_server_request_duration_seconds"
        labels = {"http_request_method": method, "http_route": route}
        labels["http_response_status_code"] = status
        return value(families, name, f"{name}_count", **labels)

    check(requests("POST", "/api/v1/auth/register", "201") == 1, "registered once")
    check(requests("POST", "/api/v1/conversations/{id}/messages", "200") == 2, "sent twice")
    check(requests("GET", "/api/v1/conversations", "200") == 3, "listed three times")
    check(requests("GET", "", "404") == 1, "one path that is none")
    check(requests("GET", "/api/v1/me", "401") == 1, "one refusal")
    check(requests("_OTHER", "/livez", "405") == 1, "one method that is none")
    limited = value(families, "serene_rate_limited", "serene_rate_limited_total", limit="user")
    check(limited == requests("GET", "/api/v1/me", "429"), f"over the limit: {limited}")
    for name in ["complete", "failed"]:
        error = "MODEL_REJECTED" if name == "failed" else ""
        ended = value(families, "serene_generations", "serene_generations_total", status=name)
        check(ended == 1, f"{name}: {ended}")
        value(families, "serene_generations", "serene_generations_total", error_type=error)
    calls = "gen_ai_client_operation_duration_seconds"
    check(value(families, calls, f"{calls}_count", error_type="MODEL_REJECTED") == 1, "one refused")
    check(value(families, calls, f"{calls}_count", error_type="") >= 2, "a reply, and a vibe check")
    first = "gen_ai_server_time_to_first_token_seconds"
    check(value(families, first, f"{first}_count") >= 2, "those had a first word")
    for token_type in ["input", "output"]:
        name = "gen_ai_client_token_usage"
        used = value(families, name, f"{name}_sum", gen_ai_token_type=token_type)
        check(used > 10, f"{token_type}: {used}")
    name = "db_client_operation_duration_seconds"
    labels = {"db_system_name": "sqlite", "db_query_summary": "conversations.list_first"}
    check(value(families, name, f"{name}_count", **labels) == 3, "three lists were read")
    check(value(families, name, f"{name}_count", db_query_summary="COMMIT") >= 6, "writes")
    batches = value(families, "serene_db_write_batch", "serene_db_write_batch_sum")
    check(batches >= 6, f"writes: {batches}")
    for name in ["serene_open_streams", "serene_hashing_queue", "serene_db_write_queue"]:
        check(value(families, name, name) == 0, f"{name} is over")
    cpu = value(families, "process_cpu_seconds", "process_cpu_seconds_total")
    check(0 < cpu < 60, f"processor: {cpu}")
    memory = value(families, "process_resident_memory_bytes", "process_resident_memory_bytes")
    check(4e6 < memory < 1e9, f"memory: {memory}")
    age = time.time() - value(families, "process_start_time_seconds", "process_start_time_seconds")
    check(-2 < age < 60, f"age: {age}")


def main(binary, *options):
    with tempfile.TemporaryDirectory() as model_folder, tempfile.TemporaryDirectory() as folder:
        model, [model_url] = start(
            [binary, "mock-model", "--port", "0"], model_folder, ["Mock model server on "]
        )
        server, [url, own] = start(
            [binary], folder, ["  listening  ", "  metrics    "],
            PORT="0", BCRYPT_COST="4", SERENE_LOG="warn", METRICS_ADDRESS="127.0.0.1:0",
            METRICS_TOKEN=TOKEN, RATE_LIMIT_PER_USER="20/hour", AI_ENGINE="openai", OPENAI_BASE_URL=model_url,
            OPENAI_API_KEY="marker-key", OPENAI_MODEL="times:1+rejected",
        )
        try:
            run(url, own, options)
        finally:
            for process in [server, model]:
                process.terminate()
                process.wait(timeout=40)
    with tempfile.TemporaryDirectory() as folder:
        server, [url] = start([binary], folder, ["  listening  "], PORT="0", SERENE_LOG="warn")
        status, _, text = ask("GET", f"{url}/metrics", TOKEN)
        server.terminate()
        server.wait(timeout=40)
        check(status == 404 and json.loads(text)["code"] == "NOT_FOUND", f"{status} {text}")
        print("ok      where nobody asked for metrics, there are none")


def run(url, own, options):
    ids = make_traffic(url)
    status, headers, text = ask("GET", own)
    check(status == 200, f"{own}: {status}")
    check(headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", headers)
    look({family.name: family for family in parse_classic(text)})
    print("ok      the text format is read, and says what happened")

    accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    status, headers, open_text = ask("GET", own, accept=accept)
    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    check(headers["content-type"] == kind, headers)
    look({family.name: family for family in parse_open(open_text)})
    print("ok      OpenMetrics is read, and says the same")

    for marker in ["marker", "MARKER", *ids, PASSWORD, TOKEN]:
        check(marker not in text and marker not in open_text, f"{marker} is in the metrics")
    print("ok      nothing that was written, no name and no id is in them")

    check(ask("GET", f"{url}/metrics", TOKEN)[0] == 200, "with the token")
    for token, code in [(None, "UNAUTHENTICATED"), ("wrong", "TOKEN_INVALID")]:
        status, headers, body = ask("GET", f"{url}/metrics", token)
        body = json.loads(body)
        check(status == 401 and headers["www-authenticate"] == "Bearer", f"{token}: {status}")
        check(body["code"] == code and body["request_id"] == headers["x-request-id"], body)
    check(ask("GET", own.removesuffix("metrics") + "livez")[0] == 404, "nothing else is there")
    print("ok      the main port wants the token")
    if "--print" in options:
        print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
