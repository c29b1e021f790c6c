"""What a staging copy's topics hold.

staged.py decode FOLDER              the files of plant's `read`, from hexadecimal to KEY TAB VALUE
staged.py plant URL                  secrets into the executions and flow revisions of a search server; prints them
staged.py neutral FOLDER NAMESPACE   every flow is disabled with each of its triggers, every trigger is
                                     released, everything lies below NAMESPACE
staged.py names FOLDER NAME LINES    the texts that hold NAME are those that LINES (NAME.staging.jsonl) list
staged.py others FOLDER FOLDER       the same documents, and no pseudonym of one is in the other
"""
import json
import os
import re
import sys
import urllib.request

ENDED = ("SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED")
KINDS = ("flow-last", "flow", "template", "trigger", "execution")


def decode(folder):
    for kind in KINDS:
        path = os.path.join(folder, kind)
        with open(path, encoding="ascii") as lines:
            records = [[bytes.fromhex(x[1:]).decode() for x in line.split()[2:4]] for line in lines]
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(f"{key}\t{value}\n" for key, value in sorted(records))
        if os.path.exists(path + ".err"):
            os.remove(path + ".err")


def records(folder, kind):
    with open(os.path.join(folder, kind), encoding="utf-8") as lines:
        for line in lines:
            key, value = line.rstrip("\n").split("\t", 1)
            yield key, json.loads(value)


def ask(url, body):
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/x-ndjson"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def plant(url):
    n = 0

    def secret():
        nonlocal n
        n += 1
        print(f"PLANTED-{n}-{n * 7919}")
        return f"PLANTED-{n}-{n * 7919}"

    print("db.prod.example.org\nErika Mustermann")
    lines = []
    for index in ("kestra_executions", "kestra_flows_revisions"):
        for hit in ask(f"{url}/{index}/_search?size=1000", '{"query": {"match_all": {}}}')["hits"]["hits"]:
            doc = hit["_source"]
            if "state" in doc:
                doc["inputs"] = {"who": secret(), "country": "FR", "deep": {secret(): [secret()]},
                                 "person": "Erika Mustermann", "uri": f"s3://db.prod.example.org/{secret()}"}
                doc["unknown"] = secret()
            else:
                doc["description"] = f"{secret()}, Erika Mustermann"
                doc["sourceCode"] = f"# {secret()}"
                doc["tasks"][0]["body"] = {"id": secret(), "type": secret(), "host": "db.prod.example.org"}
                doc["tasks"][0]["script"] = f"call\n{doc['namespace']}.main"
            lines += [json.dumps({"index": {"_index": hit["_index"], "_id": hit["_id"]}}), json.dumps(doc)]
    assert not ask(f"{url}/_bulk?refresh=true", "\n".join(lines) + "\n")["errors"]


def neutral(folder, namespace):
    n = 0
    for kind in KINDS:
        for key, value in records(folder, kind):
            n += 1
            assert value["namespace"].startswith(namespace), (kind, key, value["namespace"])
            if kind != "execution":
                assert namespace in key, (kind, key)
            if kind.startswith("flow"):
                assert value["disabled"] is True, key
                assert all(t["disabled"] is True for t in value.get("triggers", [])), key
                assert all(c["namespace"].startswith(namespace)
                           for t in value.get("triggers", []) for c in t.get("conditions", [])
                           if "namespace" in c), key
            if kind == "trigger":
                assert not value.get("executionId") and not value.get("evaluateRunningDate"), key
            if kind == "execution":
                assert value["state"]["current"] in ENDED, key
                assert value["inputs"]["country"] == "FR", key
    assert n > 0


def texts(value, path=""):
    """(pointer, text) of each text and each member's name."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, v in value.items():
            at = path + "/" + name.replace("~", "~0").replace("/", "~1")
            yield at, name
            yield from texts(v, at)
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from texts(v, f"{path}/{i}")


def names(folder, name, lines):
    slashed = name.replace(".", "/")
    word = re.compile(rf"(?<![\w-])({re.escape(name)}|{re.escape(slashed)})(?![\w-])")
    with open(lines, encoding="utf-8") as file:
        listed = {(x["kind"], x["key"], x["path"]) for x in map(json.loads, file) if x["why"] != "above"}
    # The source of a flow says again what the flow says.
    held = {(kind, key, path) for kind in KINDS if kind != "flow-last" for key, value in records(folder, kind)
            for path, text in texts(value) if path != "/source" and word.search(text)}
    assert held == listed, f"held: {sorted(held - listed)[:5]} listed: {sorted(listed - held)[:5]}"
    assert held, "nothing is left: what was planted there?"


def others(one, other):
    n = 0
    for kind, member in (("flow", "variables"), ("execution", "variables"), ("execution", "inputs")):
        a = dict(records(one, kind))
        b = dict(records(other, kind))
        assert a.keys() == b.keys()
        for key, value in a.items():
            for name, x in value[member].items():
                if re.fullmatch(r"k\d+", name):
                    n += 1
                    assert x != b[key][member][name], (kind, key, member, name)
    assert n > 500, n


{"decode": decode, "names": names, "neutral": neutral, "others": others, "plant": plant}[sys.argv[1]](*sys.argv[2:])
