# SPDX-License-Identifier: Apache-2.0
"""Image, compose file, manifests and workflow agree with their schemas, with each other and with the rest of
the source. No container is run here: see the heads of the files."""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import types
import unittest

import kubernetes.client
import yaml

import server
import tap

ROOT = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent
CONTAINER = ROOT / "data" / "container"
MANIFESTS = sorted((CONTAINER / "kubernetes").glob("*.yaml"))
# kubernetes 22.6 of Debian 12 knows version 2 of the autoscaler under its last name before.
MODELS = {
    ("v1", "ConfigMap"): "V1ConfigMap", ("v1", "Service"): "V1Service",
    ("apps/v1", "StatefulSet"): "V1StatefulSet",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "V2beta2HorizontalPodAutoscaler"}
# Members that each kind of manifest must have, as a set: what the issue of them is.
KINDS = {"embedded.yaml": {"Service", "PodDisruptionBudget", "StatefulSet"},
         "cluster.yaml": {"ConfigMap", "Service", "PodDisruptionBudget", "StatefulSet",
                          "HorizontalPodAutoscaler"}}
TIMEOUT = 60
# [node] id goes from 0 to 15.
MAX_NODES = 16
# Files that whoever starts the compose file makes.
SECRETS = {"./database-password", "./s3-secret-key"}


def read(path):
    return path.read_text(encoding="utf-8")


def load(path):
    return yaml.safe_load(read(path))


def load_manifests(path):
    return list(yaml.safe_load_all(read(path)))


def find_manifest(path, kind):
    found, = (manifest for manifest in load_manifests(path) if manifest["kind"] == kind)
    return found


def list_keys(text):
    """(group, key) of a configuration, those behind a “#” included when they stand at the margin."""
    group = None
    for line in text.splitlines():
        if found := re.match(r"\[([a-z]+)\]$", line):
            group = found[1]
        elif found := re.match(r"#?([a-z0-9-]+)=", line):
            yield group, found[1]


def read_instruction(name):
    """The values of all instructions of that name in the Containerfile."""
    text = read(CONTAINER / "Containerfile").replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", text, re.M)


def read_health_check():
    command = re.search(r"CMD (\[.*\])$", read_instruction("HEALTHCHECK")[0])[1]
    return json.loads(command)


def find_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def list_pods():
    for path in MANIFESTS:
        pod = find_manifest(path, "StatefulSet")["spec"]["template"]["spec"]
        yield path.name, pod, pod["containers"][0]


class Container(unittest.TestCase):
    def check_health(self, port, path="/healthz"):
        """The exit status of the image's own command."""
        command = [word.replace("/8080", f"/{port}").replace("/healthz", path)
                   for word in read_health_check()]
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL,
                              timeout=TIMEOUT).returncode

    # Test that the health check says yes to a server that answers, and no to everything else.
    def test_health_check(self):
        running = server.Server()
        try:
            port = int(running.host.rsplit(":", 1)[1])
            self.assertEqual(self.check_health(port), 0)
            self.assertNotEqual(self.check_health(port, "/nothing"), 0)
        finally:
            running.stop()
        self.assertNotEqual(self.check_health(port), 0)

    # Test that the probes are endpoints, and that liveness does not depend on services or database.
    def test_probes(self):
        running = server.Server()
        try:
            routes = running.list_routes()
        finally:
            running.stop()
        for name, _, container in list_pods():
            paths = {probe: container[probe]["httpGet"]["path"]
                     for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
            self.assertEqual(paths, {"startupProbe": "/healthz", "livenessProbe": "/healthz",
                                     "readinessProbe": "/readyz"}, name)
            self.assertLessEqual(set(paths.values()), set(routes), name)

    # Test that every manifest is what Kubernetes has a model for, without a member too many or too few.
    def test_schema(self):
        client = kubernetes.client.ApiClient()

        def round_trip(manifest):
            model = MODELS[manifest["apiVersion"], manifest["kind"]]
            response = types.SimpleNamespace(data=json.dumps(manifest))
            return client.sanitize_for_serialization(client.deserialize(response, model))

        self.assertEqual({path.name for path in MANIFESTS}, set(KINDS))
        for path in MANIFESTS:
            manifests = load_manifests(path)
            self.assertEqual({manifest["kind"] for manifest in manifests}, KINDS[path.name])
            for manifest in manifests:
                self.assertEqual(round_trip(manifest), manifest, path.name)

        broken = find_manifest(MANIFESTS[0], "StatefulSet")
        broken["spec"]["template"]["spec"]["containers"][0]["imagePullPolise"] = "Never"
        self.assertNotEqual(round_trip(broken), broken)
        del broken["spec"]["template"]["spec"]["containers"][0]["name"]
        self.assertRaises(ValueError, round_trip, broken)

    # Test that what belongs together in a manifest is called the same.
    def test_references(self):
        for path in MANIFESTS:
            workload = find_manifest(path, "StatefulSet")
            labels = workload["spec"]["template"]["metadata"]["labels"]
            container = workload["spec"]["template"]["spec"]["containers"][0]
            self.assertEqual(workload["spec"]["selector"]["matchLabels"], labels)
            self.assertEqual(find_manifest(path, "Service")["spec"]["selector"], labels)
            self.assertEqual(
                find_manifest(path, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"], labels)
            self.assertEqual(workload["spec"]["serviceName"],
                             find_manifest(path, "Service")["metadata"]["name"])
            self.assertEqual(find_manifest(path, "Service")["spec"]["ports"][0]["targetPort"],
                             container["ports"][0]["name"])
            volumes = {volume["name"] for volume in workload["spec"]["template"]["spec"]["volumes"]}
            volumes |= {claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]}
            self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)

        scaler = find_manifest(CONTAINER / "kubernetes" / "cluster.yaml", "HorizontalPodAutoscaler")["spec"]
        self.assertEqual(scaler["scaleTargetRef"]["kind"], "StatefulSet")
        self.assertLessEqual(scaler["maxReplicas"], MAX_NODES)
        self.assertGreater(scaler["maxReplicas"], scaler["minReplicas"])

    # Test that image, compose file and manifests mean the same port, user, directories and version, and that
    # nobody may write anywhere else.
    def test_agreement(self):
        port = int(re.search(r"^#listen=.*:(\d+)$", read(ROOT / "data" / "doutok.conf"), re.M)[1])
        user, group = map(int, read_instruction("USER")[-1].split(":"))
        environment = dict(word.split("=") for word in read_instruction("ENV")[0].split())
        state, runtime = environment["STATE_DIRECTORY"], environment["RUNTIME_DIRECTORY"]
        version = re.search(r"^  version: '([^']+)'", read(ROOT / "meson.build"), re.M)[1]

        self.assertEqual(read_instruction("EXPOSE"), [str(port)])
        self.assertEqual(read_instruction("VOLUME"), [state])
        self.assertIn(f"--gid {group} doutok", read_instruction("RUN")[1])
        self.assertIn(f"--uid {user} --gid {group}", read_instruction("RUN")[1])
        self.assertIn(f"/127.0.0.1/{port} ", read_health_check()[2])
        for name, pod, container in list_pods():
            self.assertEqual(pod["securityContext"]["runAsUser"], user, name)
            self.assertEqual(pod["securityContext"]["fsGroup"], group, name)
            self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"], name)
            self.assertEqual(container["ports"][0]["containerPort"], port, name)
            self.assertEqual(container["image"], f"doutok:{version}", name)
            mounts = {mount["mountPath"] for mount in container["volumeMounts"]
                      if not mount.get("readOnly")}
            self.assertEqual(mounts, {state, runtime, "/tmp"}, name)

        services = load(CONTAINER / "compose.yaml")["services"]
        for name in ("doutok", "doutok-full"):
            self.assertTrue(services[name]["read_only"])
            self.assertEqual(services[name]["ports"], [f"{port}:{port}"])
            self.assertEqual({mount.split(":")[0] for mount in services[name]["tmpfs"]}, {runtime, "/tmp"})
            self.assertIn(state, {volume.split(":")[1] for volume in services[name]["volumes"]})

    def get_configurations(self, directory):
        """The one of the compose file, and those that the pods of a cluster make; by the image's own steps, with
        secrets from `directory`."""
        manifest = find_manifest(CONTAINER / "kubernetes" / "cluster.yaml", "ConfigMap")
        (directory / "doutok.conf").write_text(manifest["data"]["doutok.conf"], encoding="utf-8")
        (directory / "redis-url").write_text("redis://doutok:p%40ss@127.0.0.1:1/0\n", encoding="utf-8")
        container = next(container for name, _, container in list_pods() if name == "cluster.yaml")
        steps = (container["args"][0].replace("/tmp/", f"{directory}/made-")
                 .replace("/etc/doutok/", f"{directory}/").replace("/run/secrets/doutok/", f"{directory}/")
                 .replace("exec doutok serve --config", "cat"))
        self.assertIn("made-doutok.conf", steps)
        yield read(CONTAINER / "doutok.conf")
        for number in (0, MAX_NODES - 1):
            yield subprocess.run([*container["command"], steps], env={**os.environ, "HOSTNAME": f"doutok-{number}"},
                                 stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=True).stdout

    # Test that every configuration has database, Redis and object store, and is one that DouTok takes; that a pod
    # has its own number, and that the rest is as it stands there.
    def test_configuration(self):
        known = set(list_keys(read(ROOT / "data" / "doutok.conf")))
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            texts = list(self.get_configurations(directory))
            for text in texts:
                keys = set(list_keys(text))
                self.assertLessEqual({("database", "engine"), ("redis", "url"), ("media", "store")}, keys)
                self.assertLessEqual(keys, known)
                # Nobody is asked here: the port of nothing answers at once.
                text = re.sub(r"^host=.*$", "host=127.0.0.1\nport=1", text, flags=re.M)
                text = re.sub(r"^(url|s3-endpoint)=(.*//).*?(/0)?$", r"\1=\g<2>127.0.0.1:1\3", text, flags=re.M)
                path = directory / "whole.conf"
                secret = directory / "secret"
                secret.write_text("0123456789abcdef\n", encoding="utf-8")
                path.write_text(re.sub(r"-file=.*$", f"-file={secret}", text, flags=re.M), encoding="utf-8")
                checked = subprocess.run([server.find_program(), "check", "--config", path, "--state-dir",
                                          directory / "state"], stdout=subprocess.PIPE, text=True, timeout=TIMEOUT,
                                         check=False).stdout
                self.assertIn(f"ok   configuration: {path}\n", checked)
                self.assertIn(" object store: ", checked)
            for text, number in zip(texts[1:], (0, MAX_NODES - 1)):
                self.assertIn(f"[node]\nid={number}\n", text)
                self.assertTrue(text.endswith("[redis]\nurl=redis://doutok:p%40ss@127.0.0.1:1/0\n"), text)

    # Test that the compose file is one, each profile with what it promises, and that what is mounted exists
    # and is where it is looked for.
    def test_compose(self):
        checked = subprocess.run(["docker-compose", "-f", CONTAINER / "compose.yaml", "config", "--quiet"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 timeout=TIMEOUT, check=False)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))

        compose = load(CONTAINER / "compose.yaml")
        profiles = {}
        for name, service in compose["services"].items():
            for profile in service["profiles"]:
                profiles.setdefault(profile, set()).add(name)
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                if not source.startswith("."):
                    self.assertIn(source, compose["volumes"])
                elif source not in SECRETS:
                    self.assertTrue((CONTAINER / source).is_file(), source)
        self.assertEqual(profiles, {"embedded": {"doutok"},
                                    "full": {"doutok-full", "postgres", "redis", "minio", "bucket", "prometheus",
                                             "grafana", "jaeger"}})

        build = compose["services"]["doutok"]["build"]
        self.assertEqual((CONTAINER / build["context"]).resolve(), ROOT.resolve())
        self.assertTrue((ROOT / build["dockerfile"]).is_file())

        allowed = re.search(r"^allow=(.*)$", read(CONTAINER / "doutok.conf"), re.M)[1].split(";")
        address = compose["services"]["prometheus"]["networks"]["default"]["ipv4_address"]
        self.assertIn(address, allowed)
        services = compose["services"]
        configuration = dict(re.findall(r"^([a-z0-9-]+)=(.*)$", read(CONTAINER / "doutok.conf"), re.M))
        for secret, name, variable in (("password-file", "postgres", "POSTGRES_PASSWORD_FILE"),
                                       ("s3-secret-key-file", "minio", "MINIO_ROOT_PASSWORD_FILE")):
            self.assertEqual(services[name]["environment"][variable], configuration[secret])
            for mounted in (name, "doutok-full"):
                path = pathlib.PurePath(configuration[secret])
                self.assertIn(f"./{path.name}:{path}:ro", services[mounted]["volumes"])
        self.assertIn(configuration["host"], services)
        self.assertIn(re.match("redis://([a-z]+):6379/0$", configuration["url"])[1], services)

        store = re.match("http://([a-z]+):9000$", configuration["s3-endpoint"])[1]
        self.assertEqual(services[store]["environment"]["MINIO_ROOT_USER"], configuration["s3-access-key"])
        bucket, = services["bucket"]["command"]
        self.assertIn(f" {configuration['s3-endpoint']} {configuration['s3-access-key']} ", bucket)
        self.assertIn(f"store/{configuration['s3-bucket']}\n", bucket)
        self.assertEqual(services["doutok-full"]["depends_on"]["bucket"]["condition"],
                         "service_completed_successfully")

    # Test that Prometheus and Grafana find each other, the server and the dashboard, and the server finds Jaeger.
    def test_monitoring(self):
        services = load(CONTAINER / "compose.yaml")["services"]
        scrapes = load(CONTAINER / "prometheus.yml")
        target, = scrapes["scrape_configs"][0]["static_configs"][0]["targets"]
        self.assertEqual(target.split(":")[0], services["doutok-full"]["networks"]["default"]["aliases"][0])
        mounted = {volume.split(":")[1] for volume in services["prometheus"]["volumes"]}
        for rules in scrapes["rule_files"]:
            self.assertIn(f"/etc/prometheus/{rules}", mounted)
        source, = load(CONTAINER / "grafana" / "data-source.yaml")["datasources"]
        self.assertEqual(source["url"], "http://prometheus:9090")
        endpoint = re.search(r"^endpoint=http://(.*):4318/v1/traces$", read(CONTAINER / "doutok.conf"), re.M)
        self.assertIn(endpoint[1], services)
        provider, = load(CONTAINER / "grafana" / "dashboards.yaml")["providers"]
        board = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertEqual(str(pathlib.PurePath(board).parent), provider["options"]["path"])
        self.assertIn(f"../monitoring/dashboard.json:{board}:ro", services["grafana"]["volumes"])

    # Test that the workflow runs what everybody runs, and builds package and image from files that exist.
    def test_workflow(self):
        jobs = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
        commands = {name: "\n".join(step.get("run", "") for step in job["steps"])
                    for name, job in jobs.items()}
        self.assertEqual(set(jobs), {"tests", "package", "image"})
        self.assertIn("sh tests/run.sh ", commands["tests"])
        self.assertIn("sh data/package.sh", commands["package"])
        for job in jobs.values():
            self.assertIn("timeout-minutes", job)
        for command in commands.values():
            for path in re.findall(r"(?:\bsh|-f) ((?:tests|data)/\S+)", command):
                self.assertTrue((ROOT / path).is_file(), path)


if __name__ == "__main__":
    tap.main()
