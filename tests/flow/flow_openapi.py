#!/usr/bin/env python3
"""openapi.json tells what runs: the same routes and scopes as the tables in the source, references that lead somewhere,
examples that fit their schemas; and example bodies that the running service takes."""
import json
import pathlib
import re

from harness import ROOT, Cases, equal, http
from rig import Rig

cases = Cases()
METHODS = ("get", "put", "post", "delete", "patch")
ROUTE = re.compile(r'\{\s*(HTTP_[A-Z]+(?:\s*\|\s*HTTP_[A-Z]+)*),\s*"(/[^"]*)",\s*((?:(?:SCOPE|ROLE)_[A-Z]+(?:\s*\|\s*)?)+|0)\s*,')
SOCKET = re.compile(r'\.methods = (HTTP_GET), \.pattern = "(/[^"]*)"')


def routes_of_source():
    """{(method, pattern): set of scopes} from every route table."""
    found = {}
    for path in sorted(pathlib.Path(ROOT, "bot").rglob("*.c")):
        text = path.read_text()
        for methods, pattern, scope in ROUTE.findall(text):
            for method in re.findall("HTTP_([A-Z]+)", methods):
                found[method.lower(), pattern] = {w.lower() for w in re.findall("SCOPE_([A-Z]+)", scope)}
        for method, pattern in SOCKET.findall(text):
            found["get", pattern] = set()
    return found


def operations(doc):
    for path, item in doc["paths"].items():
        for method, op in item.items():
            if method in METHODS:
                yield (method, path), op


def resolve(doc, node):
    while isinstance(node, dict) and "$ref" in node:
        target = node["$ref"]
        node = doc
        for part in target.removeprefix("#/").split("/"):
            node = node[part]
    return node


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def faults(doc, schema, value, where=""):
    """What a value breaks: the part of JSON Schema this document uses."""
    schema = resolve(doc, schema)
    if "oneOf" in schema:
        every = [faults(doc, one, value, where) for one in schema["oneOf"]]
        return [] if [] in every else sum(every, [])
    kind = TYPES.get(schema.get("type"))
    if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        return [f"{where}: not {schema['type']}"]
    out = []
    if "const" in schema and value != schema["const"]:
        out.append(f"{where}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        out.append(f"{where}: {value} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        out.append(f"{where}: {value} does not match")
    if isinstance(value, dict):
        out += [f"{where}/{name}: missing" for name in schema.get("required", []) if name not in value]
        known, more = schema.get("properties"), schema.get("additionalProperties", False)
        for name, v in value.items():
            if known is not None and name in known:
                out += faults(doc, known[name], v, f"{where}/{name}")
            elif isinstance(more, dict):
                out += faults(doc, more, v, f"{where}/{name}")
            elif known and not more:
                out.append(f"{where}/{name}: not in the schema")
    if isinstance(value, list):
        for i, v in enumerate(value):
            out += faults(doc, schema.get("items", {}), v, f"{where}/{i}")
    return out


def answer_fits(label, status, answer):
    """What the service said is what the document says of that status."""
    op = dict(operations(doc))[label]
    known = op["responses"]
    assert str(status) in known, f"{label} answered {status}, which openapi.json does not know: {answer}"
    for kind, media in resolve(doc, known[str(status)]).get("content", {}).items():
        if kind.endswith("json"):
            equal(faults(doc, media["schema"], answer), [], f"{label} {status}: {answer}")


with cases("the same routes and scopes as in the source"):
    doc = json.loads((ROOT / "templates/web/openapi.json").read_text())
    want = routes_of_source()
    got = {route: {s for need in op.get("security", []) for s in need.get("key", [])} for route, op in operations(doc)}
    equal(sorted(set(want) - set(got)), [], "routes that openapi.json lacks")
    equal(sorted(set(got) - set(want)), [], "routes that only openapi.json has")
    equal({r: got[r] for r in got if got[r] != want[r]}, {r: want[r] for r in got if got[r] != want[r]}, "scopes")

with cases("every reference leads somewhere, every operation has its own name"):
    for node in walk(doc):
        if isinstance(node, dict) and "$ref" in node:
            resolve(doc, node)
    names = [op["operationId"] for _, op in operations(doc)]
    equal(len(names), len(set(names)))

with cases("parameters of a path are described"):
    for (_, path), op in operations(doc):
        described = {resolve(doc, p)["name"] for p in op.get("parameters", []) if resolve(doc, p)["in"] == "path"}
        equal(described, set(re.findall(r"\{(\w+)\}", path)), path)

with cases("examples fit their schemas"):
    for node in walk(doc):
        if isinstance(node, dict) and "example" in node and "schema" in node:
            equal(faults(doc, node["schema"], node["example"]), [])

rig = Rig()
rig.start_loa()
key = rig.key()
loa = rig.url[0]

with cases("the service serves it"):
    equal(http("GET", loa + "/openapi.json"), (200, doc))

for route, op in operations(doc):
    method, path = route
    for kind, media in op.get("requestBody", {}).get("content", {}).items():
        if "example" not in media or "{" in path:
            continue
        with cases(f"{method} {path} takes the example of {kind}"):
            body = media["example"]
            body = body.encode() if isinstance(body, str) else body
            status, answer = http(method.upper(), loa + path, body, key, {"Content-Type": kind})
            answer_fits(route, status, answer)
            assert 200 <= status < 300, (status, answer)
            assert not answer.get("rejected") and answer.get("error_code", "0") == "0", answer

for path in ("/healthz", "/readyz", "/v1/feed", "/v1/alerts", "/v1/dead", "/inbox/notices"):
    with cases(f"the answer of {path} fits"):
        answer_fits(("get", path), *http("GET", loa + path, key=key))

with cases("a dossier, a message and a citizen are told as described"):
    event = doc["paths"]["/v1/dossier-events"]["post"]["requestBody"]["content"]["application/cloudevents+json"]["example"]
    answer_fits(("get", "/v1/dossiers/{code}"), *http("GET", f"{loa}/v1/dossiers/{event['subject']}", key=key))
    body = doc["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["example"]
    _, sent = http("POST", loa + "/v1/messages", body, key)
    status, answer = http("GET", f"{loa}/v1/messages/{sent['id']}", key=key)
    equal(status, 200)
    answer_fits(("get", "/v1/messages/{id}"), status, answer)
    status, answer = http("POST", f"{loa}/v1/messages/{sent['id']}/resend", {}, key)
    answer_fits(("post", "/v1/messages/{id}/resend"), status, answer)
    _, citizen = http("POST", loa + "/v1/citizens/find", {"identity": "phone:0983000102"}, key)
    for method in ("get", "delete"):
        answer_fits((method, "/v1/citizens/{key}"), *http(method.upper(), f"{loa}/v1/citizens/{citizen['key']}", key=key))

with cases("faults are problems as described"):
    for route, status, answer in [
        (("get", "/v1/feed"), *http("GET", loa + "/v1/feed")),
        (("get", "/v1/dossiers/{code}"), *http("GET", loa + "/v1/dossiers/nothing", key=key)),
        (("post", "/v1/messages"), *http("POST", loa + "/v1/messages", {"to": "nobody"}, key)),
        (("get", "/inbox/notices"), *http("GET", loa + "/inbox/notices")),
    ]:
        assert status >= 400, (route, status)
        answer_fits(route, status, answer)

cases.end()
