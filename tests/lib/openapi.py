# SPDX-License-Identifier: Apache-2.0
"""The interface description, and whether something is what it says."""

import json

import jsonschema

METHODS = ("get", "head", "post")


class Description:
    def __init__(self, document):
        self.document = document
        self._resolver = jsonschema.RefResolver("", document)

    @classmethod
    def load(cls, path):
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def resolve(self, thing):
        """What a reference stands for, with what stands beside it."""
        if "$ref" not in thing:
            return thing
        beside = {key: value for key, value in thing.items() if key != "$ref"}
        return {**self.resolve(self._resolver.resolve(thing["$ref"])[1]), **beside}

    def errors(self, value, schema):
        validator = jsonschema.Draft202012Validator(schema, resolver=self._resolver)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def operations(self):
        """Path, method and operation of each."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def preflight(self):
        """The operation of every path that only browsers use."""
        return self.document["components"]["pathItems"]["Preflight"]["options"]

    def find(self, operation_id):
        for path, method, operation in self.operations():
            if operation["operationId"] == operation_id:
                return path, method, operation
        raise KeyError(operation_id)

    def refusal_codes(self, operation):
        """The `status_code`s that an answer with HTTP status 200 may have instead of 0."""
        content = self.resolve(operation["responses"]["200"]).get("content", {})
        codes = set()
        for media in content.values():
            schema = media.get("schema", {})
            for choice in schema.get("oneOf", [schema]):
                code = self.resolve(choice).get("properties", {}).get("status_code", {})
                codes |= set(code.get("enum", [])) | {code.get("const", 0)}
        return codes - {0}

    def check_answer(self, operation, answer):
        """Asserts that an Answer is one of those that the description has for its code."""
        responses = operation["responses"]
        code = str(answer.code) if str(answer.code) in responses else "default"
        assert code in responses, f"{operation['operationId']}: HTTP {answer.code} is not described"
        response = self.resolve(responses[code])
        if answer.code == 200:
            request_id = self.resolve({"$ref": "#/components/headers/RequestId"})
            self._check_header(operation, "X-Request-Id", answer.headers["X-Request-Id"], request_id["schema"])

        for name, reference in response.get("headers", {}).items():
            header = self.resolve(reference)
            if header.get("required"):
                self._check_header(operation, name, answer.headers[name], header["schema"])
        if answer.body:
            self._check_body(operation, answer, response.get("content", {}))

    def _check_header(self, operation, name, value, schema):
        assert value is not None, f"{operation['operationId']}: there is no header {name}"
        if self.resolve(schema).get("type") == "integer":
            value = int(value)
        errors = self.errors(value, schema)
        assert not errors, f"{operation['operationId']}: {name}: {errors}"

    def _check_body(self, operation, answer, content):
        media_type = answer.headers.get_content_type()
        media = content.get(media_type, content.get(media_type.split("/")[0] + "/*"))
        assert media is not None, f"{operation['operationId']}: {answer.code} with {media_type}"
        if media_type == "application/json":
            errors = self.errors(json.loads(answer.body), media["schema"])
            assert not errors, f"{operation['operationId']}: {answer.body.decode()}: {errors}"
