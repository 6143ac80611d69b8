# SPDX-License-Identifier: Apache-2.0
"""What data/monitoring asks for is what a real server tells, and the alerts do what their tests say."""

import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import yaml

import server
import tap

MONITORING = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent / "data" / "monitoring"
# What Prometheus adds to each sample, and to itself.
ADDED_LABELS = {"job", "instance"}
ADDED_METRICS = {"up"}
# Seconds after which a transcode of a second of video is not going to end any more.
TIMEOUT = 120


def list_alerts():
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def list_panels():
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def list_queries():
    """The dashboard's, with its variables filled in."""
    return [target["expr"].replace("$__rate_interval", "5m").replace("$job", "doutok")
            for panel in list_panels() for target in panel["targets"]]


class ObjectStore:
    """A real one, with a bucket; ends with this process."""

    def __init__(self):
        self._directory = tempfile.mkdtemp(prefix="doutok-objects-")
        self._process = subprocess.Popen(
            ["/usr/bin/python3", pathlib.Path(os.environ["G_TEST_SRCDIR"]) / "lib" / "object-store.py",
             self._directory, "test:tester", "secret"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._host = "127.0.0.1:" + self._process.stdout.readline().strip()
        self._make_bucket()
        self.configuration = (f"[media]\nstore=s3\ns3-endpoint=http://{self._host}\ns3-bucket=bucket\n"
                              "s3-access-key=test:tester\ns3-secret-key=secret\n")

    def _make_bucket(self):
        """One request, signed as AWS has it: Signature Version 4."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        nothing = hashlib.sha256(b"").hexdigest()
        names = "host;x-amz-content-sha256;x-amz-date"
        request = (f"PUT\n/bucket\n\nhost:{self._host}\nx-amz-content-sha256:{nothing}\nx-amz-date:{now}\n\n"
                   f"{names}\n{nothing}")
        scope = [now[:8], "us-east-1", "s3", "aws4_request"]
        text = f"AWS4-HMAC-SHA256\n{now}\n{'/'.join(scope)}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"AWS4secret"
        for part in (*scope, text):
            key = hmac.digest(key, part.encode(), "sha256")
        connection = http.client.HTTPConnection(self._host, timeout=TIMEOUT)
        connection.request("PUT", "/bucket", headers={
            "x-amz-date": now, "x-amz-content-sha256": nothing,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test:tester/{'/'.join(scope)}, "
                             f"SignedHeaders={names}, Signature={key.hex()}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        connection.close()

    def stop(self):
        self._process.communicate(timeout=TIMEOUT)
        shutil.rmtree(self._directory)


def promtool(*arguments):
    """What it complains of; empty if of nothing."""
    run = subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=TIMEOUT, check=False)
    return run.stdout if run.returncode != 0 else ""


def parse_samples(text):
    """A dictionary of the names of samples, and of the names of their labels."""
    samples = {}
    for line in text.splitlines():
        found = re.match(r"([a-z_]+)(?:\{(.*)\})? [-+.\w]+$", line)
        if found and not line.startswith("#"):
            samples.setdefault(found[1], set()).update(
                re.findall(r'([a-z_]+)="(?:[^"\\]|\\.)*"', found[2] or ""))
    return samples


def find_strangers(query, samples):
    """The metrics and labels of a query that no sample has."""
    strangers = set()
    bare = re.sub(r'"[^"]*"', '""', query)
    names = re.findall(r"\b(up|doutok_[a-z_]+)\b(?:\{([^}]*)\})?", bare)
    for name, matchers in names:
        if name not in samples and name not in ADDED_METRICS:
            strangers.add(name)
        for label in re.findall(r"([a-z_]+) *(?:=~|!~|!=|=)", matchers):
            if label not in samples.get(name, set()) | ADDED_LABELS:
                strangers.add(f"{name}{{{label}}}")
    known = set().union(ADDED_LABELS, *(samples.get(name, set()) for name, _ in names))
    if any(name.endswith("_bucket") for name, _ in names):
        known.add("le")
    for labels in re.findall(r"\bby *\(([^)]*)\)", bare):
        strangers |= {label for label in re.split(r", *", labels.strip()) if label not in known}
    return strangers


class Monitoring(unittest.TestCase):
    def work(self, running):
        """Does what brings each metric forth, a transcode among it."""
        registered = running.request("POST", "/douyin/user/register/?username=alice&password=secret")
        token = json.loads(registered.body)["token"]
        for _ in range(2):
            running.request("GET", f"/douyin/feed/?token={token}")
        with tempfile.TemporaryDirectory() as directory:
            video = pathlib.Path(directory) / "video.webm"
            subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:d=1:r=10",
                            "-c:v", "libvpx", video], check=True, timeout=TIMEOUT)
            body, kind = server.multipart({"token": token, "title": "video"},
                                          {"data": ("video.webm", video.read_bytes())})
        published = running.request("POST", "/douyin/publish/action/", body, {"Content-Type": kind})
        self.assertEqual(json.loads(published.body)["status_code"], 0, published.body)

        deadline = time.monotonic() + TIMEOUT
        while True:
            text = running.request("GET", "/metrics").body.decode()
            if 'doutok_transcodes_total{outcome="success"} 1' in text:
                return text
            self.assertLess(time.monotonic(), deadline, text)
            time.sleep(0.2)

    # Test that every metric and label that the dashboard and the alerts ask for is in a real scrape.
    def test_names(self):
        store = ObjectStore()
        self.addCleanup(store.stop)
        running = server.Server(store.configuration)
        try:
            samples = parse_samples(self.work(running))
        finally:
            running.stop()
        self.assertGreater(len(samples), 20)
        for query in list_queries() + [rule["expr"] for rule in list_alerts()]:
            self.assertEqual(find_strangers(query, samples), set(), query)

    # Test that a wrong name is noticed, wherever it stands.
    def test_strangers(self):
        samples = {"doutok_a_total": {"code"}, "doutok_b_bucket": {"le", "method"}}
        for query, strangers in {
                'sum by (code) (rate(doutok_a_total{job="doutok",code="200"}[5m]))': set(),
                'rate(doutok_a{code="200"}[5m])': {"doutok_a", "doutok_a{code}"},
                'rate(doutok_a_total{kode=~"2, 3=4"}[5m])': {"doutok_a_total{kode}"},
                "sum by (method) (doutok_a_total)": {"method"},
                "sum by (le, method) (doutok_b_bucket)": set(),
                'up{job="doutok"} == 0': set()}.items():
            self.assertEqual(find_strangers(query, samples), strangers, query)

    # Test that Prometheus understands every query of the dashboard, and its own configuration.
    def test_queries(self):
        rules = [{"record": f"panel:{i}", "expr": query} for i, query in enumerate(list_queries())]
        self.assertGreater(len(rules), 20)
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "rules.yml"
            path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}),
                            encoding="utf-8")
            self.assertEqual(promtool("check", "rules", path), "")
            path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": [
                {"record": "panel:0", "expr": "sum(rate(doutok_a_total))"}]}]}), encoding="utf-8")
            self.assertNotEqual(promtool("check", "rules", path), "")
        self.assertEqual(promtool("check", "config", MONITORING / "prometheus.yml"), "")

    # Test that each panel has a place of its own, a title, a unit, and an explanation.
    def test_dashboard(self):
        panels = list_panels()
        taken = set()
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            taken |= cells
            self.assertTrue(panel["title"] and panel["description"], panel)
            self.assertTrue(panel["fieldConfig"]["defaults"]["unit"], panel["title"])

    # Test that the alerts fire when they should, and that each one has been seen to do so.
    def test_alerts(self):
        self.assertEqual(promtool("check", "rules", MONITORING / "alerts.yml"), "")
        self.assertEqual(promtool("test", "rules", MONITORING / "alerts-test.yml"), "")
        tests = yaml.safe_load((MONITORING / "alerts-test.yml").read_text(encoding="utf-8"))["tests"]
        cases = [case for test in tests for case in test["alert_rule_test"]]
        fired = {case["alertname"] for case in cases if case.get("exp_alerts")}
        self.assertEqual(fired, {rule["alert"] for rule in list_alerts()})

    # Test that these tests would notice an alert that fires too late or not at all.
    def test_alerts_are_tested(self):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(MONITORING, directory, dirs_exist_ok=True)
            alerts = pathlib.Path(directory) / "alerts.yml"
            good = alerts.read_text(encoding="utf-8")
            for rule in list_alerts():
                broken = yaml.safe_load(good)
                for other in broken["groups"][0]["rules"]:
                    if other["alert"] == rule["alert"]:
                        other["expr"] = f"({rule['expr']}) and on() vector(0) > 1"
                alerts.write_text(yaml.safe_dump(broken), encoding="utf-8")
                self.assertIn(rule["alert"],
                              promtool("test", "rules", f"{directory}/alerts-test.yml"))


if __name__ == "__main__":
    tap.main()
