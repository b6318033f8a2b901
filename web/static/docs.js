// The OpenAPI document, for reading.

import { el } from "/static/films.js";

const api = await (await fetch("/openapi.json")).json();
const id = (method, path) => `${method}${path}`.replace(/[^a-z0-9]+/gi, "-");

function kind(schema) {
  if (!schema) return "text";
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    return el("a", { href: `#schema-${name}` }, name);
  }
  if (schema.anyOf) return el("span", {}, ...schema.anyOf.flatMap((each, i) => (i ? [" or ", kind(each)] : [kind(each)])));
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (schema.type === "array") return el("span", {}, "list of ", kind(schema.items));
  const bounds = [];
  if (schema.minimum != null) bounds.push(`from ${schema.minimum}`);
  if (schema.maximum != null) bounds.push(`to ${schema.maximum}`);
  if (schema.multipleOf) bounds.push(`in steps of ${schema.multipleOf}`);
  if (schema.maxLength) bounds.push(`at most ${schema.maxLength} characters`);
  return [schema.type || "anything", ...bounds].join(" ");
}

function table(head, rows) {
  return el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": head.join(", ") }, el("table", {},
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell ?? "")))))));
}

const code = (text) => el("code", {}, text);

function example(method, path, operation) {
  const filled = path.replace("{user_id}", "1").replace("{movie_id}", "1");
  const body = operation.requestBody ? ` -H 'Content-Type: application/json' -d '…'` : "";
  const verb = method === "get" ? "" : ` -X ${method.toUpperCase()}`;
  return el("pre", { tabindex: 0, role: "group", "aria-label": "Example" }, `curl${verb} ${location.origin}${filled}${body}`);
}

function route(path, method, operation) {
  const name = id(method, path);
  const parts = [
    el("h3", { id: `${name}-title` }, el("span", { class: "method" }, method.toUpperCase()), code(path)),
    el("p", {}, operation.summary),
    example(method, path, operation),
  ];
  if (operation.parameters) {
    parts.push(el("h4", {}, "Parameters"), table(["Name", "In", "Type", "Meaning"], operation.parameters.map((p) => [
      code(p.name), p.in, kind(p.schema),
      [p.required ? "needed. " : "", p.schema.default != null && !Array.isArray(p.schema.default) ? `default ${p.schema.default}. ` : "", p.description || ""].join(""),
    ])));
  }
  if (operation.requestBody) {
    parts.push(el("h4", {}, "Body"), table(["Media type", "Type"], Object.entries(operation.requestBody.content)
      .map(([type, { schema }]) => [code(type), schema.description || kind(schema)])));
  }
  parts.push(el("h4", {}, "Answers"), table(["Status", "Meaning", "Type"], Object.entries(operation.responses)
    .map(([status, answer]) => {
      const content = Object.entries(answer.content || {});
      return [code(status), answer.description, content.length ? kind(content[0][1].schema) : "nothing"];
    })));
  return el("section", { class: "route", id: name, "aria-labelledby": `${name}-title` }, ...parts);
}

const all = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));

document.getElementById("about").textContent = `${api.info.summary} Version ${api.info.version}. Every refusal is a problem document that names what to mend.`;
for (const { name } of api.tags) {
  const of = all.filter(({ operation }) => operation.tags.includes(name));
  document.getElementById("contents").append(
    el("h2", {}, name),
    el("ul", {}, ...of.map(({ path, method }) => el("li", {}, el("a", { href: `#${id(method, path)}` }, el("span", { class: "method" }, method.toUpperCase()), code(path))))));
  document.getElementById("routes").append(...of.map(({ path, method, operation }) => route(path, method, operation)));
}
for (const [name, schema] of Object.entries(api.components.schemas)) {
  document.getElementById("schemas").append(el("section", { class: "route", id: `schema-${name}`, "aria-labelledby": `schema-${name}-title` },
    el("h3", { id: `schema-${name}-title` }, name),
    el("p", {}, schema.description || ""),
    schema.properties ? table(["Field", "Type", "Meaning"], Object.entries(schema.properties).map(([field, type]) => [
      code(field), kind(type), (schema.required || []).includes(field) ? "" : "may be left out",
    ])) : el("p", {}, kind(schema))));
}
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
