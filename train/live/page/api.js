// What the page asks the server, and what it knows of a run.

/** The part of a URL that names runs. */
export const query = (names, more = {}) => {
  const q = new URLSearchParams();
  for (const name of [names].flat()) q.append("run", name);
  for (const [key, value] of Object.entries(more)) q.append(key, value);
  return "?" + q;
};

/** The answer to a request; an Error with the server's words if it refuses. */
export async function ask(path, options = {}) {
  const response = await fetch("api/" + path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `${response.status}`);
  return answer;
}

const columns = ["step", "loss", "accuracy", "rate", "speed"];

/** A run as its events tell it. */
export class Run {
  constructor(name) {
    this.name = name;
    this.rows = [];
    this.points = Object.fromEntries(columns.map((c) => [c, []]));
    this.known = false; // whether an event has come
    this.state = "";
    this.epochs = [];
    this.probes = [];
    this.batches = 1;
  }

  /** Takes up an event: all there is, or what is new. */
  take(event) {
    if (event.reset) this.rows = [];
    for (const row of event.rows) this.rows.push(row);
    for (const c of columns) {
      if (event.reset) this.points[c] = [];
      for (const v of event.points[c] ?? []) this.points[c].push(v);
    }
    // A folder that is gone says nothing any more: what is known stays.
    const keep = event.state === "gone" && this.known ? ["state", "error"] : Object.keys(event);
    for (const key of ["error", "writer", "now", "stopping", "best"]) this[key] = undefined;
    for (const key of keep) if (!["run", "reset", "rows", "points"].includes(key)) this[key] = event[key];
    this.known = true;
  }

  get last() { return this.rows[this.rows.length - 1]; }

  /** What the images of the test are called. */
  get tested() { return this.details?.photos ? "validation" : "test"; }

  /** The name of a class. */
  className(i) { return this.details?.classes[i] || String(i); }
}

/**
 * Follows runs: show is called after each event, and lost with true or false when the connection
 * breaks and is there again. Returns a function that ends it.
 */
export function follow(runs, show, lost) {
  let source, timer, ended = false;
  const connect = () => {
    source = new EventSource("api/events" + query(runs.map((r) => r.name)));
    source.onopen = () => lost(false);
    source.onmessage = (e) => {
      const event = JSON.parse(e.data);
      const run = runs.find((r) => r.name === event.run);
      if (!run) return;
      run.take(event);
      if (event.ended) {
        ended = true;
        source.close();
      }
      show(run);
    };
    source.onerror = () => {
      if (ended) return;
      lost(true);
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, 5000);
    };
  };
  connect();
  return () => { ended = true; clearTimeout(timer); source.close(); };
}
