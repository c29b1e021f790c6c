"""What a staging copy's topics hold.

staged.py decode FOLDER              the files of plant's `read`, from hexadecimal to KEY TAB VALUE
staged.py plant URL                  secrets into the executions and flow revisions of a search server; prints them
staged.py neutral FOLDER NAMESPACE   every flow is disabled with each of its triggers, every trigger is
                                     released, everything lies below NAMESPACE
"""
import json
import os
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
            out.writelines(f"{key}\t{value}\n" for key, value in records)


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

    lines = []
    for index in ("kestra_executions", "kestra_flows_revisions"):
        for hit in ask(f"{url}/{index}/_search?size=1000", '{"query": {"match_all": {}}}')["hits"]["hits"]:
            doc = hit["_source"]
            if "state" in doc:
                doc["inputs"] = {"who": secret(), "country": "FR", "deep": {secret(): [secret()]}}
                doc["unknown"] = secret()
            else:
                doc["description"] = secret()
                doc["sourceCode"] = f"# {secret()}"
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


{"decode": decode, "neutral": neutral, "plant": plant}[sys.argv[1]](*sys.argv[2:])
