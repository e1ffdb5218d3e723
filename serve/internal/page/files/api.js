// Requests to the server. Where it asks for a token, the browser has asked for it before it has shown the page,
// and sends it with each request.
import { t } from "./base.js";

/** An answer that is no success. status is 0 if there was none. */
export class Failure extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** What to tell a person about a failure. */
export function explainFailure(e) {
  if (!(e instanceof Failure)) return String(e?.message ?? e);
  const known = { 0: "error.network", 400: "error.bad", 401: "error.token", 403: "error.refused", 404: "error.gone", 413: "error.long", 429: "error.busy", 503: "error.stopping", 504: "error.late" }[e.status];
  return (known ? t(known) : t("error.other", { status: e.status })) + (e.message ? " (" + e.message + ")" : "");
}

const wait = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
});

/**
 * Asks for a path, relative to the page, with query parameters that are not null. With a body, a
 * Blob, it is a POST. A busy server (429) is asked again, up to three times, when it says.
 */
export async function ask(path, query = {}, { body = null, method = null, signal = null } = {}) {
  const url = new URL(path, document.baseURI);
  url.username = url.password = ""; // of an address http://user:token@server/, which fetch does not take
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = body.type || "application/octet-stream";
  for (let tries = 0; ; tries++) {
    let response;
    try {
      response = await fetch(url, { method: method ?? (body ? "POST" : "GET"), headers, body, signal, cache: "no-store" });
    } catch (e) {
      if (signal?.aborted) throw e;
      throw new Failure(0, "");
    }
    if (response.status === 429 && tries < 3) {
      await wait(1000 * Math.min(10, Number(response.headers.get("Retry-After")) || 1), signal);
      continue;
    }
    let answer = null;
    try { answer = await response.json(); } catch (e) { if (signal?.aborted) throw e; }
    if (!response.ok) throw new Failure(response.status, answer?.error ?? "");
    return answer;
  }
}

/** The models that are served: [{name, versions: ["1", …]}]. */
export async function models() {
  const list = await ask("v2/repository/index", {}, { method: "POST" });
  const byName = new Map();
  for (const m of list) {
    if (m.state !== "READY") continue;
    if (!byName.has(m.name)) byName.set(m.name, { name: m.name, versions: [] });
    byName.get(m.name).versions.push(m.version);
  }
  return [...byName.values()];
}
