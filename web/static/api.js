// The worker's API, as this page uses it.

export class Trouble extends Error {
  constructor(message, { status = 0, down = [] } = {}) {
    super(message);
    this.status = status;
    this.down = down;
  }
}

async function call(method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The service does not answer.");
  }
  if (answer.ok) return { answer, data: answer.status === 204 ? null : await answer.json() };
  const problem = await answer.json().catch(() => ({}));
  throw new Trouble(problem.detail || answer.statusText, { status: answer.status });
}

const get = async (path, signal) => (await call("GET", path, undefined, signal)).data;

function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value != null);
  return given.length ? "?" + new URLSearchParams(given) : "";
}

export const newUser = async () => (await call("POST", "/users")).data.userId;
export const genres = () => get("/genres");
export const search = (text, signal) => get("/movies" + query({ query: text, limit: 8 }), signal);
export const popular = (limit) => get("/popular" + query({ limit }));
export const ratings = (user) => get(`/users/${user}/ratings?limit=100`);
export const hidden = (user) => get(`/users/${user}/hidden`);
export const similar = (movie) => get(`/movies/${movie}/similar?limit=8`);
export const pipeline = () => get("/pipeline");

export async function recommendations(user, filters, limit, signal) {
  const path = `/recommendations/${user}` + query({ ...filters, limit, explain: true });
  const { answer, data } = await call("GET", path, undefined, signal);
  return { movies: data, source: answer.headers.get("X-Recommendation-Source") };
}

export const rate = (userId, movieId, rating) =>
  call("POST", "/send_rating", { userId, movieId, rating });
export const unrate = (user, movie) => call("DELETE", `/ratings/${user}/${movie}`);
export const hide = (user, movie) => call("PUT", `/users/${user}/hidden/${movie}`);
export const show = (user, movie) => call("DELETE", `/users/${user}/hidden/${movie}`);
export const events = (user) => new EventSource(`/users/${user}/events`);

export async function whatIsDown() {
  try {
    const answer = await fetch("/readyz");
    return (await answer.json()).down || [];
  } catch {
    return ["the service"];
  }
}
