// The library in the page: a connection to the Web Worker in which it computes.
// Package book/live has the functions, their arguments and results.
//
//	import { connect } from "./live/live.js";
//	const library = connect();
//	const result = await library.call("crossCorrelate", { x: [[0, 1], [2, 3]], kernel: [[1, -1]] });

// Creating a worker is guarded by trusted types where the page demands them.
const policy = globalThis.trustedTypes?.createPolicy("stride-live", {
	createScriptURL(url) {
		if (new URL(url).origin !== location.origin) throw new TypeError(`${url} is not of this site`);
		return url;
	},
});

/**
 * connect returns a connection. Nothing is loaded before its first call.
 *
 * @param {object} options
 * @param {string|URL} options.base  the folder of worker.js, book.wasm.gz and the rest; by default that of this file
 * @param {function} options.onState  is told how loading goes: { state: "loading", loaded, total } with the
 *     bytes so far and in all (0 if not known), { state: "ready" }, { state: "failed", error }, { state: "stopped" }
 */
export function connect({ base = new URL(".", import.meta.url), onState = () => {} } = {}) {
	const address = new URL("worker.js", new URL(base, document.baseURI)).href;
	const calls = new Map(); // of the worker that runs, by number
	let worker = null;
	let last = 0;

	function start() {
		const started = new Worker(policy ? policy.createScriptURL(address) : address, { type: "module", name: "stride" });
		started.onmessage = ({ data }) => { if (started === worker) receive(data); };
		started.onerror = (event) => {
			event.preventDefault();
			if (started === worker) end(new Error(`the library could not be started: ${event.message || address}`), "failed");
		};
		return started;
	}

	function receive({ id, kind, value }) {
		if (kind === "state") {
			onState(value);
			return;
		}
		if (kind === "failed") { // the worker cannot compute any more
			end(new Error(value), "failed");
			return;
		}
		const call = calls.get(id);
		if (!call) return; // it was stopped
		if (kind === "event") {
			call.onEvent?.(value);
			return;
		}
		settle(id, (c) => (kind === "result" ? c.resolve(value) : c.reject(new Error(value))));
	}

	function settle(id, how) {
		const call = calls.get(id);
		calls.delete(id);
		call.signal?.removeEventListener("abort", call.aborted);
		how(call);
	}

	// end lets the worker go, and with it all that runs in it.
	function end(error, state) {
		worker?.terminate();
		worker = null;
		for (const id of [...calls.keys()]) settle(id, (call) => call.reject(error));
		onState({ state, error });
	}

	return {
		/**
		 * call computes a function of package book/live.
		 *
		 * @param {string} name
		 * @param {object} args
		 * @param {object} options
		 * @param {function} options.onEvent  gets the events of a function that takes long
		 * @param {AbortSignal} options.signal  stops the call
		 * @returns {Promise<object>}
		 */
		call(name, args = {}, { onEvent, signal } = {}) {
			return new Promise((resolve, reject) => {
				if (signal?.aborted) {
					reject(signal.reason);
					return;
				}
				const id = ++last;
				const aborted = () => {
					worker?.postMessage({ id, cancel: true });
					settle(id, (call) => call.reject(signal.reason));
				};
				worker ??= start();
				worker.postMessage({ id, name, args }); // fails for what cannot be copied, such as functions
				calls.set(id, { resolve, reject, onEvent, signal, aborted });
				signal?.addEventListener("abort", aborted);
			});
		},

		/** stop ends the worker, whatever it computes, and frees its memory. The next call starts another one. */
		stop() {
			if (worker) end(new DOMException("The library was stopped.", "AbortError"), "stopped");
		},

		/** running says whether there is a worker. */
		get running() { return worker !== null; },
	};
}
