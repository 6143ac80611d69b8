# SPDX-License-Identifier: Apache-2.0
"""The interface description by itself: whether it is OpenAPI 3.1, agrees with itself, with the statuses
of the source and with the README, and is strict enough to notice a member too few or too many."""

import copy
import json
import os
import pathlib
import re
import unittest

import jsonschema

import openapi
import tap

ROOT = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent
DESCRIPTION = openapi.Description.load(ROOT / "data" / "openapi.json")
DOCUMENT = DESCRIPTION.document
COMPONENTS = DOCUMENT["components"]
SCHEMAS = COMPONENTS["schemas"]


def closed(properties, required=()):
    """An object with these members and with extensions, but no others."""
    return {"type": "object", "properties": properties, "required": list(required),
            "patternProperties": {"^x-": True}, "additionalProperties": False}


def mapping(values, names=r"^[A-Za-z0-9._-]+$"):
    return {"type": "object", "patternProperties": {names: values}, "additionalProperties": False}


def reference_or(thing):
    return {"if": {"required": ["$ref"]},
            "then": closed({"$ref": {"pattern": "^#/components/"}}, ["$ref"]), "else": thing}


TEXT = {"type": "string", "minLength": 1}
SCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
EXAMPLE = reference_or(closed({"value": True, "summary": TEXT}, ["value"]))
MEDIA = closed({"schema": SCHEMA, "examples": mapping(EXAMPLE),
                "encoding": mapping(closed({"contentType": TEXT}))})
CONTENT = mapping(MEDIA, r"^[a-z-]+/[a-z0-9+.*-]+$")
HEADER = reference_or(closed({"description": TEXT, "required": {"type": "boolean"},
                              "schema": SCHEMA}, ["schema"]))
PARAMETER = reference_or(closed(
    {"name": TEXT, "in": {"enum": ["query", "header", "path"]}, "description": TEXT,
     "required": {"type": "boolean"}, "schema": SCHEMA, "example": True},
    ["name", "in", "schema"]))
BODY = reference_or(closed({"description": TEXT, "content": CONTENT,
                            "required": {"type": "boolean"}}, ["content"]))
RESPONSE = reference_or(closed({"description": TEXT, "headers": mapping(HEADER),
                                "content": CONTENT}, ["description"]))
SECURITY = {"type": "array", "items": mapping({"type": "array", "maxItems": 0})}
OPERATION = closed(
    {"operationId": TEXT, "tags": {"type": "array", "minItems": 1}, "summary": TEXT,
     "description": TEXT, "security": SECURITY, "parameters": {"type": "array", "items": PARAMETER},
     "requestBody": BODY,
     "responses": mapping(RESPONSE, r"^([1-5][0-9][0-9]|default)$")},
    ["operationId", "tags", "summary", "security", "responses"])
PATH = closed({"$ref": {"const": "#/components/pathItems/Preflight"}, "parameters": {"type": "array", "items": PARAMETER},
               **{method: OPERATION for method in openapi.METHODS}}, ["$ref"])
OPENAPI = closed(
    {"openapi": {"pattern": r"^3\.1\.[0-9]+$"},
     "info": closed({"title": TEXT, "version": TEXT, "summary": TEXT, "description": TEXT,
                     "license": closed({"name": TEXT, "identifier": TEXT}, ["name"])},
                    ["title", "version"]),
     "servers": {"type": "array", "items": closed({"url": TEXT, "description": TEXT}, ["url"])},
     "tags": {"type": "array", "items": closed({"name": TEXT, "description": TEXT}, ["name"])},
     "paths": mapping(PATH, "^/"),
     "components": closed({
         "pathItems": mapping(closed({"options": OPERATION}, ["options"])),
         "securitySchemes": mapping({"type": "object", "required": ["type"]}),
         "parameters": mapping(PARAMETER), "requestBodies": mapping(BODY),
         "headers": mapping(HEADER), "responses": mapping(RESPONSE),
         "schemas": mapping(SCHEMA), "examples": mapping(EXAMPLE)})},
    ["openapi", "info", "paths"])


def references(thing):
    if isinstance(thing, dict):
        if isinstance(thing.get("$ref"), str):
            yield thing["$ref"]
        thing = thing.values()
    elif not isinstance(thing, list):
        return
    for part in thing:
        yield from references(part)


def media_with_examples():
    """Of all answers: where it is, and the media type object."""
    answers = [(f"{method} {path} {code}", response)
               for path, method, operation in DESCRIPTION.operations()
               for code, response in operation["responses"].items()]
    for where, reference in answers:
        for media in DESCRIPTION.resolve(reference).get("content", {}).values():
            if "examples" in media:
                yield where, media


def mutations(value):
    """The value with one member too few, or one too many, in each object of it."""
    def walk(part, replace):
        if isinstance(part, dict):
            yield replace({**part, "unheard_of": 1})
            for name, member in part.items():
                yield replace({key: other for key, other in part.items() if key != name})
                yield from walk(member, lambda new, name=name: replace({**part, name: new}))
        elif isinstance(part, list):
            for i, member in enumerate(part):
                yield from walk(member, lambda new, i=i: replace(
                    part[:i] + [new] + part[i + 1:]))
    return walk(copy.deepcopy(value), lambda new: new)


class Document(unittest.TestCase):
    def test_structure(self):
        """Nothing is misspelt or in the wrong place."""
        errors = [f"{error.json_path}: {error.message}" for error in
                  jsonschema.Draft202012Validator(OPENAPI).iter_errors(DOCUMENT)]
        self.assertEqual(errors, [])

    def test_schemas(self):
        for name, schema in SCHEMAS.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_references(self):
        """Every reference leads somewhere, and every component is referred to."""
        used = set(references(DOCUMENT))
        for reference in used:
            DESCRIPTION.resolve({"$ref": reference})
        defined = {f"#/components/{kind}/{name}" for kind in COMPONENTS
                   if kind != "securitySchemes" for name in COMPONENTS[kind]}
        self.assertEqual(defined - used, set())

    def test_operations(self):
        seen = set()
        tags = {tag["name"] for tag in DOCUMENT["tags"]}
        for path, method, operation in DESCRIPTION.operations():
            self.assertNotIn(operation["operationId"], seen)
            seen.add(operation["operationId"])
            self.assertLessEqual(set(operation["tags"]), tags)
            parameters = [DESCRIPTION.resolve(parameter) for parameter in
                          DOCUMENT["paths"][path].get("parameters", [])
                          + operation.get("parameters", [])]
            in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
            self.assertEqual(in_path, set(re.findall(r"\{(.*?)\}", path)), path)

    def test_parameters_in_both_places(self):
        """What may stand in a form may stand in the query, files aside."""
        for path, _, operation in DESCRIPTION.operations():
            if "requestBody" not in operation:
                continue
            query = {DESCRIPTION.resolve(parameter)["name"] for parameter in operation["parameters"]}
            for media in DESCRIPTION.resolve(operation["requestBody"])["content"].values():
                fields = DESCRIPTION.resolve(media["schema"])["properties"]
                texts = {name for name, schema in fields.items() if "contentMediaType" not in schema}
                self.assertEqual(texts, query, path)

    def test_version(self):
        build = (ROOT / "meson.build").read_text(encoding="utf-8")
        self.assertEqual(DOCUMENT["info"]["version"], re.search(r"version: '(.*?)'", build)[1])


class Strictness(unittest.TestCase):
    def test_objects_are_closed(self):
        """What the server writes has no members but those that are described."""
        for name, schema in SCHEMAS.items():
            written = schema.get("type") == "object" and not name.endswith(("Form", "Upload")) \
                and name not in ("PushSend", "PushMarkRead")
            if written:
                self.assertIs(schema.get("additionalProperties"), False, name)
                self.assertLessEqual(set(schema["properties"]) - set(schema["required"]),
                                     {"next_cursor", "message", "token", "degraded"}, name)

    def test_examples(self):
        n_examples = 0
        for where, media in media_with_examples():
            for reference in media["examples"].values():
                example = DESCRIPTION.resolve(reference)["value"]
                self.assertEqual(DESCRIPTION.errors(example, media["schema"]), [], where)
                n_examples += 1
        self.assertGreater(n_examples, 100)

    def test_mutations(self):
        """No example passes with a member too few, or too many, anywhere in it."""
        optional = {"next_cursor", "token", "degraded"}
        for where, media in media_with_examples():
            for reference in media["examples"].values():
                example = DESCRIPTION.resolve(reference)["value"]
                if optional & set(example) and "user_id" not in example:
                    continue
                for mutation in mutations(example):
                    self.assertNotEqual(DESCRIPTION.errors(mutation, media["schema"]), [],
                                        f"{where}: {json.dumps(mutation)}")


class Others(unittest.TestCase):
    def test_status_codes(self):
        """Those of the source, and no others."""
        source = (ROOT / "src/common/dou-status.c").read_text(encoding="utf-8")
        known = {int(code) for code in re.findall(r"=\s*\{ NAME \(\"\w+\"\), (\d+), \d+", source)}
        self.assertEqual({code["const"] for code in SCHEMAS["ErrorCode"]["oneOf"]}, known)

    def test_readme(self):
        """Each path of the README's table is described, and each endpoint is in that table."""
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        listed = {path.rstrip("/") for row in re.findall(r"^\| (`/[^|]*`) \|", readme, re.M)
                  for path in re.findall(r"`(/[^`]+)`", row)} - {"/media/…"}
        described = {path.rstrip("/") for path in DOCUMENT["paths"]}
        self.assertEqual(listed - described, set())
        self.assertEqual({path for path in described if path.startswith("/douyin/")} - listed, set())


if __name__ == "__main__":
    tap.main()
