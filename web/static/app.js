// The page: who is watching, what they have rated, and what to watch next.

import * as api from "/static/api.js";
import { card, el, inWords, row, updateCard } from "/static/films.js";
import { watchPipeline } from "/static/pipeline.js";

const $ = (id) => document.getElementById(id);
const PAGE = 12;
const TOAST_MILLISECONDS = 7000;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const state = { user: null, rated: new Map(), limit: PAGE, shown: [], stream: null };

// Who is watching

function remembered() {
  try { return Number(localStorage.getItem("recsys-user")) || null; } catch { return null; }
}

function remember(user) {
  try {
    if (user) localStorage.setItem("recsys-user", user);
    else localStorage.removeItem("recsys-user");
  } catch { /* a private window keeps nothing, and needs nothing kept */ }
}

function become(user) {
  state.user = user;
  state.rated = new Map();
  state.limit = PAGE;
  state.shown = [];
  remember(user);
  state.stream?.close();
  $("cards").replaceChildren();
  if (user) {
    listen(user);
    $("who").textContent = `User ${user}`;
    $("account-number").textContent = user;
    loadRatings();
    loadHidden();
    loadGenres();
    find();
    recommend();
  }
  draw();
}

function listen(user) {
  state.stream = api.events(user);
  state.stream.addEventListener("recommendations", soon(recommend, 60));
  state.stream.addEventListener("open", () => { if (state.wasDown) retry(); });
  state.stream.addEventListener("error", () => { state.wasDown = true; });
}

$("new").addEventListener("click", () => guarded(async () => become(await api.newUser())));

$("become").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("number").value.trim();
  const user = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  const fits = user >= 1 && user <= 2147483647;
  $("number-error").textContent = fits ? "" : "A user is a whole number from 1 to 2147483647.";
  $("number").setAttribute("aria-invalid", String(!fits));
  if (fits) become(user);
  else $("number").focus();
});

$("who").addEventListener("click", () => $("account").showModal());
$("leave").addEventListener("click", () => { $("account").close(); become(null); });

// Films to rate, and those rated

let searching;

async function find() {
  searching?.abort();
  searching = new AbortController();
  const text = $("query").value.trim();
  try {
    const { items, total } = text
      ? await api.search(text, searching.signal)
      : await popularToRate();
    $("found").replaceChildren(...items.map(toRate));
    $("found-hint").textContent = !text
      ? "Some that many people know:"
      : total ? `${total.toLocaleString("en")} found` : `Nothing begins with “${text}”. Try a shorter word, or another title.`;
    works();
  } catch (error) {
    if (error.name !== "AbortError") trouble(error);
  }
}

async function popularToRate() {
  const { items } = await api.popular(60);
  const open = items.filter((movie) => !state.rated.has(movie.movieId));
  return { items: open.slice(0, 6), total: open.length };
}

const toRate = (movie) => row(movie, {
  value: state.rated.get(movie.movieId)?.rating,
  onRate: (stars) => rate(movie, stars),
});

$("query").addEventListener("input", soon(find, 60));
$("search").addEventListener("submit", (event) => event.preventDefault());

async function loadRatings() {
  await guarded(async () => {
    const user = state.user;
    const { items } = await api.ratings(user);
    if (user !== state.user) return;
    state.rated = new Map(items.map((movie) => [movie.movieId, movie]));
    drawRated();
    find();
  });
}

function drawRated() {
  const rated = [...state.rated.values()];
  $("rated-count").textContent = rated.length || "";
  const missing = 5 - rated.length;
  $("rated-hint").textContent = !rated.length
    ? "None yet. Your first five stars make the list yours."
    : missing > 0 ? `${missing} more and the list is really yours.` : "";
  $("rated").replaceChildren(...rated.map((movie) => row(movie, {
    value: movie.rating,
    onRate: (stars) => rate(movie, stars),
    action: el("button", { type: "button", class: "remove", "aria-label": `Take back your rating of ${movie.title}`, onclick: () => rate(movie, 0) }, "✕"),
  })));
}

async function rate(movie, stars) {
  const before = state.rated.get(movie.movieId);
  const place = keepFocus();
  state.rated.delete(movie.movieId);
  if (stars) {
    state.rated = new Map([[movie.movieId, { ...movie, rating: stars }], ...state.rated]);
  }
  drawRated();
  place();
  const done = await guarded(() => stars
    ? api.rate(state.user, movie.movieId, stars)
    : api.unrate(state.user, movie.movieId));
  if (done === failed) {
    state.rated.delete(movie.movieId);
    if (before) state.rated.set(movie.movieId, before);
    drawRated();
    for (const item of $("cards").children) if (Number(item.dataset.movie) === movie.movieId) item.resetStars();
    say("Your rating was not saved. Please try again.");
    return;
  }
  if (!$("query").value) setTimeout(find, stars ? 900 : 0);
  if (stars) say(`${movie.title}: ${inWords(stars)}.`, "Undo", () => rate(movie, before?.rating || 0));
  else say(`Your rating of ${movie.title} is taken back.`, before && "Undo", () => rate(movie, before.rating));
}

// Redrawing a list must not throw the keyboard back to the top of the page.
function keepFocus() {
  const active = document.activeElement;
  const list = active?.closest("#rated, #found, #hidden-list");
  const movie = active?.closest("[data-movie]")?.dataset.movie;
  return () => {
    if (!list || document.contains(active)) return;
    const again = list.querySelector(`[data-movie="${movie}"] input`) || list.querySelector("input, button");
    (again || $("query")).focus({ preventScroll: true });
  };
}

// What to watch next

let reading;

async function recommend() {
  if (!state.user) return;
  reading?.abort();
  reading = new AbortController();
  const user = state.user;
  const filters = chosenFilters();
  if (!filters) return;
  try {
    const { movies, source } = await api.recommendations(user, filters, state.limit, reading.signal);
    if (user !== state.user) return;
    drawCards(movies.filter((movie) => !state.rated.has(movie.movieId)), filters);
    $("more").hidden = movies.length < state.limit || state.limit >= 96;
    $("next-hint").textContent = source === "model"
      ? "Best first. The list moves with each star you give."
      : "What many people like, until you have rated a few.";
    works();
  } catch (error) {
    if (error.name !== "AbortError") trouble(error);
  }
}

function chosenFilters() {
  const years = [$("year-from"), $("year-to")];
  let fits = true;
  for (const input of years) {
    const good = input.value === "" || (/^\d{4}$/.test(input.value) && input.value >= 1800 && input.value <= 2200);
    input.setAttribute("aria-invalid", String(!good));
    fits &&= good;
  }
  return fits ? { genre: $("genre").value, year_from: years[0].value, year_to: years[1].value } : null;
}

function drawCards(movies, filters) {
  const list = $("cards");
  const focused = document.activeElement?.closest(".card")?.dataset.movie;
  const old = new Map([...list.children].map((item) => [item.dataset.movie, item]));
  const from = new Map([...old].map(([movie, item]) => [movie, item.getBoundingClientRect()]));
  const items = movies.map((movie) => {
    const known = old.get(String(movie.movieId));
    if (known) updateCard(known, movie);
    return known || card(movie, {
      onRate: (stars) => { if (stars) rate(movie, stars); },
      onSimilar: () => showSimilar(movie),
      onHide: () => hide(movie),
    });
  });
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) {
    list.replaceChildren(...items);
    move(items, from);
  }
  if (focused && !list.querySelector(":focus-within")) {
    const same = list.querySelector(`[data-movie="${focused}"] input`);
    (same || list.querySelector("input"))?.focus({ preventScroll: true });
  }
  state.shown = movies;
  const isFiltered = Object.values(filters).some(Boolean);
  $("cards-empty").hidden = movies.length > 0;
  $("cards-empty").textContent = isFiltered
    ? "No film fits these filters. Widen the years or choose another genre."
    : "There is no film to recommend yet. Load a catalogue with “recsys load”.";
}

// Cards glide from their old place to the new one; new ones come up from below.
function move(items, from) {
  if (calm.matches) return;
  for (const item of items) {
    const before = from.get(item.dataset.movie);
    const now = item.getBoundingClientRect();
    const frames = before
      ? [{ transform: `translate(${before.left - now.left}px, ${before.top - now.top}px)` }, { transform: "none" }]
      : [{ opacity: 0, transform: "translateY(12px)" }, { opacity: 1, transform: "none" }];
    item.animate(frames, { duration: 420, easing: "cubic-bezier(.2,.8,.2,1)" });
  }
}

$("filters").addEventListener("input", soon(() => { state.limit = PAGE; recommend(); }, 250));
$("filters").addEventListener("reset", () => setTimeout(recommend));
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("more").addEventListener("click", () => { state.limit = Math.min(state.limit + PAGE, 96); recommend(); });

async function loadGenres() {
  await guarded(async () => {
    const found = await api.genres();
    const chosen = $("genre").value;
    $("genre").replaceChildren(el("option", { value: "" }, "All"), ...found.map(({ genre }) => el("option", { value: genre }, genre)));
    $("genre").value = chosen;
  });
}

async function showSimilar(movie) {
  $("similar-title").textContent = `More like ${movie.title}`;
  $("similar-hint").textContent = "Looking…";
  $("similar-list").replaceChildren();
  $("similar").showModal();
  await guarded(async () => {
    const found = await api.similar(movie.movieId);
    $("similar-hint").textContent = found.length
      ? "Films that the same people like. Seen one? Give it stars."
      : "Too few people have rated this film to say what is like it.";
    $("similar-list").replaceChildren(...found.map(toRate));
  });
}

async function hide(movie) {
  const done = await guarded(() => api.hide(state.user, movie.movieId));
  if (done === failed) return;
  say(`${movie.title} will not be recommended again.`, "Undo", () => show(movie));
  await Promise.all([recommend(), loadHidden()]);
}

async function show(movie) {
  await guarded(() => api.show(state.user, movie.movieId));
  await Promise.all([recommend(), loadHidden()]);
}

async function loadHidden() {
  await guarded(async () => {
    const { movies } = await api.hidden(state.user);
    $("hidden-films").hidden = !movies.length;
    $("hidden-count").textContent = movies.length;
    $("hidden-list").replaceChildren(...movies.map((movie) => row(movie, {
      action: el("button", { type: "button", onclick: () => show(movie), "aria-label": `Show ${movie.title} again` }, "Show again"),
    })));
  });
}

// What went wrong, and what was done

const failed = Symbol("failed");
let retrying;

async function guarded(work) {
  try {
    const result = await work();
    works();
    return result;
  } catch (error) {
    trouble(error);
    return failed;
  }
}

const SERVERS = { kafka: "Kafka, which takes the ratings,", redis: "Redis, which holds the lists,", mongodb: "MongoDB, which holds the films,", hdfs: "HDFS, which keeps the ratings," };

async function trouble(error) {
  if (error.status && error.status < 500) {
    say(error.message);
    return;
  }
  const down = await api.whatIsDown();
  const names = down.map((name) => SERVERS[name] || name);
  $("trouble").textContent = names.length
    ? `${names.join(" and ")} cannot be reached just now. What is on the page stays; new stars may have to wait. Trying again by itself.`
    : `${error.message} Trying again by itself.`;
  $("trouble").hidden = false;
  clearTimeout(retrying);
  retrying = setTimeout(retry, 3000);
}

function works() {
  clearTimeout(retrying);
  $("trouble").hidden = true;
  state.wasDown = false;
}

function retry() {
  if (!state.user) { works(); return; }
  loadRatings();
  recommend();
}

let toastTimer;

function say(text, action, onAction) {
  clearTimeout(toastTimer);
  const button = action && el("button", { type: "button", onclick: () => { $("toast").replaceChildren(); onAction(); } }, action);
  $("toast").replaceChildren(el("span", {}, text), ...(button ? [button] : []));
  toastTimer = setTimeout(() => $("toast").replaceChildren(), TOAST_MILLISECONDS);
}

function soon(work, milliseconds) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(work, milliseconds); };
}

// Which page is shown

let stopPipeline;

function draw() {
  const works = location.hash === "#works";
  $("works").hidden = !works;
  $("welcome").hidden = works || Boolean(state.user);
  $("films").hidden = works || !state.user;
  $("who").hidden = !state.user;
  for (const link of document.querySelectorAll(".bar nav a")) {
    const here = link.getAttribute("href") === (works ? "#works" : "#films");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  stopPipeline?.();
  stopPipeline = works ? watchPipeline(api.pipeline) : null;
}

addEventListener("hashchange", () => { draw(); scrollTo(0, 0); });
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

become(remembered());
performance.mark("interactive");
