# SPDX-License-Identifier: Apache-2.0
"""A collector of traces that takes what OTLP over HTTP says in JSON, and is strict about it."""

import http.server
import json
import re
import threading
import time

# Seconds after which a span does not come any more.
TIMEOUT = 60
PATH = "/v1/traces"
KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3}


class Malformed(AssertionError):
    pass


def _check(is_right, what):
    if not is_right:
        raise Malformed(repr(what))


def _check_keys(value, required, optional=()):
    _check(isinstance(value, dict) and set(required) <= set(value) <= {*required, *optional}, value)


def _check_id(value, n_digits):
    _check(isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{n_digits}}}", value)
           and set(value) != {"0"}, value)


def _read_attributes(attributes):
    """A dictionary of what OTLP has as a list."""
    read = {}
    for attribute in attributes:
        _check_keys(attribute, ("key", "value"))
        (kind, value), = attribute["value"].items()
        _check(isinstance(value, str) and kind in ("stringValue", "intValue"), attribute)
        _check(attribute["key"] not in read, attributes)
        read[attribute["key"]] = int(value) if kind == "intValue" else value
    return read


class Span:
    """One span, as it came: `service` is the service.name of its resource, `links` are pairs of ids."""

    def __init__(self, resource, value):
        _check_keys(value, ("traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
                            "attributes"), ("parentSpanId", "links", "status"))
        _check_id(value["traceId"], 32)
        for key in ("spanId", "parentSpanId"):
            if key in value:
                _check_id(value[key], 16)
        _check(value["kind"] in KINDS.values(), value)
        for key in ("startTimeUnixNano", "endTimeUnixNano"):
            _check(re.fullmatch("[0-9]{19}", value[key]), value)
        for link in value.get("links", ()):
            _check_keys(link, ("traceId", "spanId"))
            _check_id(link["traceId"], 32)
            _check_id(link["spanId"], 16)
        if "status" in value:
            _check_keys(value["status"], ("code",), ("message",))
            _check(value["status"]["code"] == 2, value)
        self.service = resource["service.name"]
        self.pid = resource["process.pid"]
        self.trace = value["traceId"]
        self.id = value["spanId"]
        self.parent = value.get("parentSpanId")
        self.name = value["name"]
        self.kind = value["kind"]
        self.begun = int(value["startTimeUnixNano"])
        self.ended = int(value["endTimeUnixNano"])
        self.attributes = _read_attributes(value["attributes"])
        self.links = [(link["traceId"], link["spanId"]) for link in value.get("links", ())]
        self.has_failed = "status" in value
        _check(self.begun <= self.ended, value)

    def __repr__(self):
        return f"{self.service}: {self.name} {self.attributes}"


def read_request(body):
    """The spans of an ExportTraceServiceRequest."""
    value = json.loads(body)
    _check_keys(value, ("resourceSpans",))
    spans = []
    for part in value["resourceSpans"]:
        _check_keys(part, ("resource", "scopeSpans"))
        _check_keys(part["resource"], ("attributes",))
        resource = _read_attributes(part["resource"]["attributes"])
        _check({"service.name", "service.version", "host.name", "process.pid"} == set(resource), resource)
        for scope in part["scopeSpans"]:
            _check_keys(scope, ("scope", "spans"))
            _check_keys(scope["scope"], ("name", "version"))
            spans += [Span(resource, span) for span in scope["spans"]]
    _check(spans, value)
    return spans


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.collector.take(self.path, self.headers["Content-Type"], body)
        self.send_response(self.server.collector.code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"partialSuccess":{}}')

    def log_message(self, *_):
        pass


class Collector:
    """Has an address, `url`, from now on, and answers from start() on. `code` is what it answers; with
    anything but 200 it forgets what it got."""

    def __init__(self):
        self.code = 200
        self._changed = threading.Condition(threading.RLock())
        self._spans = []
        self._complaints = []
        self._thread = None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self._server.collector = self
        self._server.server_bind()
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def start(self):
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self):
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def take(self, path, content_type, body):
        with self._changed:
            if (path, content_type) != (PATH, "application/json"):
                self._complaints.append((path, content_type))
            if self.code == 200:
                try:
                    self._spans += read_request(body)
                except Exception as error:  # pylint: disable=broad-except
                    self._complaints.append(error)
            self._changed.notify_all()

    def get_spans(self, trace=None):
        """All that have come, or those of one trace; and nothing else has."""
        with self._changed:
            assert not self._complaints, self._complaints
            return [span for span in self._spans if trace in (None, span.trace)]

    def wait_for(self, is_enough, trace=None):
        """The spans, as soon as they are enough."""
        deadline = time.monotonic() + TIMEOUT
        with self._changed:
            while not is_enough(self.get_spans(trace)):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"Only these came: {self.get_spans(trace)}")
                self._changed.wait(left)
            return self.get_spans(trace)
