"""Puts one scan and one paid application into a server that has the sample office, and says what is there as JSON.

    python seed.py http://127.0.0.1:PORT FILE_OF_A_SCAN
"""

import hashlib
import json
import os
import sys
import time

import requests

server, scan_file = sys.argv[1:]
key = {"Authorization": "Bearer " + os.environ["LOKET_INTAKE_KEY"]}


def ok(response):
    if response.status_code not in (200, 201):
        sys.exit(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
    return response.json()


for _ in range(100):
    try:
        requests.get(server + "/health", timeout=2)
        break
    except requests.ConnectionError:
        time.sleep(0.1)

with open(scan_file, "rb") as file:
    scan = file.read()
digest = hashlib.sha256(scan).hexdigest()
ok(requests.put(f"{server}/v1/intake/scans/{digest}", headers=key, data=scan, timeout=30))

described = ok(requests.get(server + "/openapi.json", timeout=30))
new = described["paths"]["/v1/intake/applications"]["post"]["requestBody"]["content"]["application/json"]["example"]
today = ok(requests.get(server + "/v1/intake/offices/KNC", headers=key, timeout=30))["today"]
places = ok(
    requests.get(
        f"{server}/v1/intake/offices/KNC/places", headers=key, timeout=30, params={"from": today, "to": os.environ["LOKET_API_TO"]}
    )
)["places"]
free = [p for p in places if p["kind"] == "regular" and p["day"] > today and p["left"] > 0]
new["appointment"] = {"day": free[-1]["day"], "time": free[-1]["time"]}
new["documents"] = [{**d, "hash": digest, "bytes": len(scan)} for d in new["documents"]]
new["submitted_at"] = int(time.time() * 1000)
told = ok(requests.post(server + "/v1/intake/applications", headers=key, json=new, timeout=30))
other = {"day": free[0]["day"], "time": free[0]["time"]}
print(json.dumps({"office": "KNC", "no": told["application_no"], "hash": digest, "bytes": len(scan), **other}))
