// How a film looks: as a card, as a row, and with stars to give.

const HUES = {
  Action: 28, Adventure: 55, Animation: 330, Children: 350, Comedy: 75, Crime: 10,
  Documentary: 180, Drama: 265, Fantasy: 300, "Film-Noir": 285, Horror: 15, Musical: 340,
  Mystery: 290, Romance: 0, "Sci-Fi": 220, Thriller: 240, War: 120, Western: 60,
};

function hue(genres) {
  const name = genres[0] || "";
  if (name in HUES) return HUES[name];
  return [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
}

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export const inWords = (stars) => `${stars} ${stars === 1 ? "star" : "stars"}`;

// A slider from "not rated" to five stars in halves. Arrow keys, touch and mouse all work; a
// rating is sent once the pointer is up, or once the keys have been still for a moment.
export function stars(title, value, onRate) {
  const input = el("input", { type: "range", min: 0, max: 5, step: 0.5, "aria-label": `Your stars for ${title}` });
  const box = el("span", { class: "stars" }, input);
  let sent = value || 0;
  let timer;

  const draw = (stars) => {
    input.value = stars;
    box.style.setProperty("--stars", stars);
    input.setAttribute("aria-valuetext", stars ? inWords(stars) : "not rated");
  };
  const send = () => {
    clearTimeout(timer);
    const now = Number(input.value);
    if (now === sent) return;
    sent = now;
    onRate(now);
  };
  const at = (event) => {
    const { left, width } = input.getBoundingClientRect();
    const half = Math.ceil(((event.clientX - left) / width) * 10);
    return Math.min(Math.max(half, 1), 10) / 2;
  };

  input.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault(); // the slider's own idea of the place has the width of its thumb
    input.focus({ preventScroll: true });
    input.setPointerCapture(event.pointerId);
    draw(at(event));
  });
  input.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" || input.hasPointerCapture(event.pointerId)) {
      box.style.setProperty("--stars", at(event));
      if (input.hasPointerCapture(event.pointerId)) draw(at(event));
    }
  });
  input.addEventListener("pointerup", () => send());
  input.addEventListener("pointercancel", () => draw(sent));
  input.addEventListener("pointerleave", () => draw(Number(input.value)));
  input.addEventListener("input", () => {
    draw(Number(input.value));
    clearTimeout(timer);
    timer = setTimeout(send, 700);
  });
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") send(); });
  input.addEventListener("blur", () => { if (timer) send(); });
  draw(sent);
  box.set = (stars) => { sent = stars; draw(stars); };
  return box;
}

const about = (movie) => [movie.year, ...movie.genres.slice(0, 3)].filter(Boolean).join(" · ");

export function row(movie, { value, onRate, action }) {
  const item = el(
    "li", { class: "row" },
    el("span", { class: "swatch", "aria-hidden": "true" }),
    el("span", { class: "row-text" },
      el("span", { class: "row-title" }, movie.title || `Film ${movie.movieId}`),
      el("span", { class: "row-about" }, about(movie))),
    onRate ? stars(movie.title || `film ${movie.movieId}`, value, onRate) : null,
    action || null,
  );
  item.style.setProperty("--hue", hue(movie.genres));
  item.dataset.movie = movie.movieId;
  return item;
}

export function card(movie, { onRate, onSimilar, onHide }) {
  const rating = stars(movie.title, 0, onRate);
  const item = el(
    "li", { class: "card" },
    el("article", { "aria-label": movie.title },
      el("div", { class: "poster" },
        el("span", { class: "year", "aria-hidden": "true" }, movie.year ? String(movie.year) : "—"),
        el("h2", { class: movie.title.length > 26 ? "long" : "" }, movie.title),
        el("p", { class: "genres" }, el("span", { class: "vh" }, `${movie.year || "year unknown"}, `), movie.genres.slice(0, 4).join(" · ") || "No genre",
          el("span", { class: "vh" }, movie.genres.slice(4).map((genre) => ` · ${genre}`).join("")))),
      el("div", { class: "card-body" },
        el("p", { class: "predicted" }),
        el("p", { class: "because" }),
        el("div", { class: "give" }, el("span", { "aria-hidden": "true" }, "Seen it?"), rating),
        el("div", { class: "actions" },
          el("button", { type: "button", onclick: onSimilar, "aria-label": `More like ${movie.title}` }, "More like this"),
          el("button", { type: "button", onclick: onHide, "aria-label": `Not interested in ${movie.title}` }, "Not interested")))),
  );
  item.style.setProperty("--hue", hue(movie.genres));
  item.dataset.movie = movie.movieId;
  item.resetStars = () => rating.set(0);
  updateCard(item, movie);
  return item;
}

export function updateCard(item, movie) {
  item.querySelector(".predicted").replaceChildren(
    el("span", { "aria-hidden": "true" }, "★ "),
    el("strong", {}, movie.rating.toFixed(1)),
    el("span", { class: "vh" }, " predicted stars"),
  );
  const reason = (movie.because || [])[0];
  item.querySelector(".because").replaceChildren(
    ...(reason
      ? ["Because you rated ", el("em", {}, reason.title), ` ★ ${reason.rating}`]
      : ["Loved by many"]),
  );
}
