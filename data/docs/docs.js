/* SPDX-License-Identifier: Apache-2.0 */

/* Makes a page of /openapi.json. All text becomes text nodes: nothing of the description is taken
 * for HTML. */

const METHODS = ["get", "head", "post", "options"];

let description;

/* An element with attributes and children; strings become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/* What a $ref stands for, with what stands beside it. */
function resolve(object) {
  if (object === undefined || object.$ref === undefined)
    return object;
  const { $ref, ...beside } = object;
  let target = description;
  for (const part of $ref.slice(2).split("/"))
    target = target[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return { ...resolve(target), ...beside };
}

function nameOf(reference) {
  return reference.$ref?.split("/").at(-1);
}

/* Text in which `…` is code. */
function inline(text = "") {
  return text.split("`").map((part, i) => (i % 2 === 1 ? el("code", {}, part) : part));
}

function paragraphs(text = "") {
  return text.split("\n\n").filter((part) => part !== "").map((part) => el("p", {}, inline(part)));
}

function isObjectSchema(schema) {
  return schema.$ref?.startsWith("#/components/schemas/") && resolve(schema).type === "object";
}

function listOf(schemas, separator) {
  return schemas.flatMap((schema, i) => (i === 0 ? [typeOf(schema)] : [separator, typeOf(schema)])).flat();
}

function constants(choices) {
  return choices.map((choice) => JSON.stringify(choice.const) + (choice.description ? ` ${choice.description}` : "")).join(", ");
}

function limits(schema) {
  const said = [];
  if (schema.minLength !== undefined || schema.maxLength !== undefined)
    said.push(`${schema.minLength ?? 0} to ${schema.maxLength ?? "any number of"} characters`);
  if (schema.minimum !== undefined)
    said.push(`from ${schema.minimum}`);
  if (schema.default !== undefined)
    said.push(`default ${schema.default}`);
  return said.length > 0 ? `, ${said.join(", ")}` : "";
}

/* The type of a schema as a person says it; objects that have a name are links. */
function typeOf(reference) {
  const schema = resolve(reference);
  const name = nameOf(reference);
  if (isObjectSchema(reference))
    return [el("a", { href: `#schema-${name}` }, name)];
  if (schema.const !== undefined)
    return [el("code", {}, JSON.stringify(schema.const))];
  if (schema.enum !== undefined)
    return [schema.enum.map((value) => JSON.stringify(value)).join(", ")];
  if (schema.oneOf?.every((choice) => choice.const !== undefined))
    return [constants(schema.oneOf)];
  if (schema.oneOf !== undefined)
    return listOf(schema.oneOf, " or ");
  if (schema.type === "array")
    return ["list of ", ...typeOf(schema.items)];
  return [[schema.type ?? "anything"].flat().join(" or ") + limits(schema)];
}

function table(headings, rows) {
  return el("div", { class: "table" },
    el("table", {},
      el("thead", {}, el("tr", {}, headings.map((heading) => el("th", { scope: "col" }, heading)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, i) =>
        (i === 0 ? el("th", { scope: "row" }, cell) : el("td", {}, cell))))))));
}

/* What one says of a member: its own words, else those of its type. */
function wordsOf(schema) {
  return inline(resolve(schema).description);
}

function schemaTable(schema) {
  const required = schema.required ?? [];
  return table(["Member", "Type", ""], Object.entries(schema.properties).map(([name, member]) => [
    el("code", {}, name),
    typeOf(member),
    [...wordsOf(member), required.includes(name) ? "" : el("span", { class: "faint" }, " optional")],
  ]));
}

/* Parameters of the query and members of the form, each once. */
function parameterRows(path, operation) {
  const rows = new Map();
  for (const reference of [...(path.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = resolve(reference);
    rows.set(`${parameter.in} ${parameter.name}`, {
      name: parameter.name,
      places: [parameter.in],
      schema: parameter.schema,
      words: parameter.description ?? resolve(parameter.schema).description,
    });
  }
  for (const { schema: reference } of Object.values(resolve(operation.requestBody)?.content ?? {}))
    for (const [name, schema] of Object.entries(resolve(reference).properties)) {
      const row = rows.get(`query ${name}`) ?? { name, places: [], schema, words: resolve(schema).description };
      if (!row.places.includes("body"))
        row.places.push("body");
      rows.set(`query ${name}`, row);
    }
  return [...rows.values()].map((row) => [
    el("code", {}, row.name), row.places.join(", "), typeOf(row.schema), inline(row.words),
  ]);
}

function answer(code, reference) {
  const response = resolve(reference);
  const schemas = Object.values(response.content ?? {}).map((media) => media.schema).filter(Boolean);
  return [
    el("code", {}, code),
    inline(response.description),
    schemas.flatMap((schema) => typeOf(schema)),
  ];
}

function examples(operation) {
  const media = resolve(operation.responses["200"])?.content?.["application/json"];
  return Object.entries(media?.examples ?? {}).map(([name, example]) =>
    el("details", {},
      el("summary", {}, `Example: ${name}`),
      el("pre", { tabindex: "0" }, JSON.stringify(resolve(example).value, null, 2))));
}

function socket(operation) {
  const says = operation["x-websocket"];
  return says && [
    el("h4", {}, "On the WebSocket"),
    table(["Who", "Says"], [["server", listOf(resolve(says.server).oneOf, ", ")],
                            ["client", listOf(resolve(says.client).oneOf, ", ")]]),
  ];
}

function login(operation) {
  const needs = operation.security ?? [];
  if (needs.length === 0)
    return null;
  return el("p", { class: "faint" }, needs.some((need) => Object.keys(need).length === 0)
    ? "Guests may do this, too." : "Only for users who are logged in.");
}

function operationCard(pathName, path, method) {
  const operation = path[method];
  const parameters = parameterRows(path, operation);
  return el("article", { class: "operation", id: operation.operationId },
    el("h3", {},
      el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, pathName)),
    el("p", {}, el("strong", {}, operation.summary)),
    paragraphs(operation.description),
    login(operation),
    parameters.length > 0
      ? [el("h4", {}, "Parameters"), table(["Name", "Where", "Type", ""], parameters)] : null,
    el("h4", {}, "Answers"),
    table(["HTTP", "Means", "Content"],
      Object.entries(operation.responses).map(([code, response]) => answer(code, response))),
    socket(operation),
    examples(operation));
}

/* The paths; what all of them have stands once, and last. */
function allPaths() {
  return [...Object.entries(description.paths), ...Object.values(description.components.pathItems).map((path) => ["/…", path])];
}

function operationsOf(tag) {
  return allPaths().flatMap(([name, path]) =>
    METHODS.filter((method) => path[method]?.tags.includes(tag)).map((method) => [name, path, method]));
}

function navigation() {
  return [
    ...description.tags.flatMap((tag) => [
      el("h2", {}, tag.name),
      el("ul", {}, operationsOf(tag.name).filter(([, , method]) => method !== "head").map(
        ([name, path, method]) => el("li", {}, el("a", { href: `#${path[method].operationId}` },
          el("span", { class: `method ${method}` }, method.toUpperCase()), name)))),
    ]),
    el("h2", {}, "data"),
    el("ul", {}, el("li", {}, el("a", { href: "#status-codes" }, "Status codes")),
      el("li", {}, el("a", { href: "#schemas" }, "Objects"))),
  ];
}

function statusCodes() {
  const codes = description.components.schemas.ErrorCode.oneOf;
  return [
    el("h2", { id: "status-codes" }, "Status codes"),
    table(["status_code", "Means"], [["0", "success"],
      ...codes.map((code) => [String(code.const), code.description])]),
  ];
}

function schemas() {
  const named = Object.entries(description.components.schemas);
  return [
    el("h2", { id: "schemas" }, "Objects"),
    ...named.filter(([, schema]) => schema.type === "object").map(([name, schema]) =>
      el("section", { class: "operation", id: `schema-${name}` },
        el("h3", {}, name), paragraphs(schema.description), schemaTable(schema))),
  ];
}

function page() {
  const { info, tags } = description;
  return [
    el("h1", {}, `${info.title} ${info.version}`),
    el("p", {}, el("strong", {}, info.summary)),
    paragraphs(info.description),
    el("p", {}, "For programs: ", el("a", { href: "/openapi.json" }, "/openapi.json"), "."),
    ...tags.flatMap((tag) => [
      el("h2", {}, tag.description),
      ...operationsOf(tag.name).map(([name, path, method]) => operationCard(name, path, method)),
    ]),
    ...statusCodes(),
    ...schemas(),
  ];
}

async function main() {
  const state = document.getElementById("state");
  try {
    const answered = await fetch("/openapi.json");
    description = await answered.json();
  } catch (error) {
    state.textContent = `The description cannot be read: ${error.message}`;
    return;
  }

  document.getElementById("nav").replaceChildren(...navigation());
  document.getElementById("main").replaceChildren(...page().flat());
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

main();
