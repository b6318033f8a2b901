// "How it works": what the service measures of itself, drawn as it comes.

import { el } from "/static/films.js";

const PERIOD_MILLISECONDS = 2000;
const KEPT = 60;
const SVG = "http://www.w3.org/2000/svg";
const history = {};

const number = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });

function bytes(value) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${number(value, value < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

const seconds = (value) => (value < 10 ? `${number(value, 1)} s` : `${number(value)} s`);

function figure(value, unit, format = number) {
  if (value == null) return el("p", { class: "figure none" }, "no data");
  return el("p", { class: "figure" }, el("strong", {}, format(value)), unit ? ` ${unit}` : "");
}

function chart(name, value, label) {
  const points = (history[name] ??= []);
  points.push(value ?? null);
  if (points.length > KEPT) points.shift();
  const known = points.filter((point) => point != null);
  const box = el("div", { class: "chart" });
  if (known.length < 2) {
    box.append(el("span", { class: "none" }, "collecting…"));
    return box;
  }
  const most = Math.max(...known, 1e-9);
  const least = Math.min(...known, 0);
  const step = 200 / (Math.max(points.length, 12) - 1);
  const start = 200 - (points.length - 1) * step;
  const line = points
    .map((point, i) => point == null ? null : `${(start + i * step).toFixed(1)},${(38 - ((point - least) / (most - least || 1)) * 34).toFixed(1)}`)
    .filter(Boolean)
    .join(" ");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 200 40");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${label}, the last ${points.length * 2} seconds: now ${number(known.at(-1), 1)}, highest ${number(most, 1)}`);
  const path = document.createElementNS(SVG, "polyline");
  path.setAttribute("points", line);
  svg.append(path);
  box.append(svg);
  return box;
}

function station(title, what, isDown, ...content) {
  return el("li", { class: `station${isDown ? " down" : ""}` },
    el("h2", {}, title),
    el("p", { class: "what" }, what),
    ...(isDown ? [el("p", { class: "figure none" }, "does not answer")] : content));
}

function stations(now) {
  const down = (name) => now.down.includes(name);
  const last = (now.trainings || []).find((run) => Object.keys(run.steps).length);
  return [
    station("Kafka", "takes each rating and keeps its place", down("kafka"),
      figure(now.ratings.perSecond, "ratings a second", (value) => number(value, 1)),
      chart("rate", now.ratings.perSecond, "Ratings a second"),
      figure(now.ratings.total, "in all")),
    station("Agents", "carry ratings on; lag is what waits", down("kafka"),
      figure(now.ratings.lag, "waiting"),
      chart("lag", now.ratings.lag, "Ratings waiting")),
    station("HDFS", "keeps every rating once, for good", down("hdfs"),
      figure(now.archive.files, "files"),
      chart("files", now.archive.files, "Files"),
      figure(now.archive.bytes, "", bytes)),
    station("Spark ALS", "learns tastes from all ratings", down("mongodb"),
      figure(last ? total(last) : null, "last training", seconds),
      figure(last?.counts.ratings, "ratings learnt from")),
    station("Redis", "holds each list ready to be read", down("redis"),
      figure(now.cache.keys, "keys"),
      chart("cache", now.cache.bytes, "Bytes in the cache"),
      figure(now.cache.bytes, "", bytes)),
    station("Your list", "one read, with the film details at hand", false,
      now.modelVersion === "none" ? el("p", { class: "figure none" }, "no model yet") : figure(now.modelVersion, "model", String),
      figure(now.movies, "films")),
  ];
}

const total = (run) => Object.values(run.steps).reduce((sum, step) => sum + step, 0);

function training(runs) {
  const run = (runs || []).find((each) => Object.keys(each.steps).length);
  if (!run) return [none()];
  const whole = total(run) || 1;
  const bar = el("div", { class: "steps", "aria-hidden": "true" });
  const legend = el("dl", { class: "legend" });
  Object.entries(run.steps).forEach(([name, took], i) => {
    const part = el("span", {});
    part.style.flexGrow = Math.max(took / whole, 0.004);
    part.style.setProperty("--step", i);
    bar.append(part);
    const key = el("span", { class: "key", "aria-hidden": "true" });
    key.style.setProperty("--step", i);
    legend.append(el("div", {}, el("dt", {}, key, name), el("dd", {}, seconds(took))));
  });
  return [el("p", {}, `${run.version}, ${when(run.startedAt)}`), bar, legend];
}

function quality(runs) {
  const run = (runs || []).find((each) => Object.keys(each.metrics).length);
  if (!run) return [none("No quality figures were measured yet.")];
  return [el("dl", { class: "legend" }, ...Object.entries(run.metrics).map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, number(value, 4)))))];
}

function table(runs) {
  if (!runs?.length) return [none("Nothing was trained yet.")];
  const head = ["Version", "Started", "State", "Took", "Users", "Films", "Ratings"];
  return [el("table", {},
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...runs.map((run) => el("tr", {},
      el("th", { scope: "row" }, run.version),
      el("td", {}, when(run.startedAt)),
      el("td", { title: run.cause }, run.status),
      ...[Object.keys(run.steps).length ? seconds(total(run)) : null, ...["users", "movies", "ratings"].map((key) => run.counts[key] == null ? null : number(run.counts[key]))]
        .map((value) => el("td", { class: "amount" }, value ?? "no data"))))))];
}

const none = (text = "no data") => el("p", { class: "none" }, text);

function when(text) {
  return new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

export function watchPipeline(read) {
  let stopped = false;
  let timer;
  const drawn = {};

  const put = (id, content, data) => {
    const sign = JSON.stringify(data);
    if (drawn[id] === sign) return; // leave a reader's place and selection alone
    drawn[id] = sign;
    document.getElementById(id).replaceChildren(...content);
  };

  async function look() {
    try {
      const now = await read();
      if (stopped) return;
      document.getElementById("stations").replaceChildren(...stations(now));
      put("training", training(now.trainings), now.trainings);
      put("quality", quality(now.trainings), now.trainings);
      put("runs", table(now.trainings), now.trainings);
    } catch {
      if (!stopped) document.getElementById("stations").replaceChildren(el("li", { class: "station down" }, el("h2", {}, "The worker"), el("p", { class: "figure none" }, "does not answer")));
    }
    if (!stopped) timer = setTimeout(look, PERIOD_MILLISECONDS);
  }

  look();
  return () => { stopped = true; clearTimeout(timer); };
}
