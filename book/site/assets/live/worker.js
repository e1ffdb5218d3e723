// The worker in which the library computes: it loads book.wasm, the Go program of
// package book/wasm, and hands calls and results on. live.js starts it.
import "./wasm_exec.js"; // defines Go

const waiting = []; // messages that came before the program ran
let library = null;

const post = (message, transfer = []) => self.postMessage(message, transfer);

self.onmessage = ({ data }) => {
	if (library) handle(data);
	else waiting.push(data);
};

function handle({ id, name, args, cancel }) {
	if (cancel) library.cancel(id);
	else library.call(id, name, args);
}

// counted passes a body on and says how much of it has come.
function counted(response) {
	const total = Number(response.headers.get("Content-Length")) || 0;
	let loaded = 0;
	return response.body.pipeThrough(new TransformStream({
		transform(chunk, controller) {
			loaded += chunk.byteLength;
			post({ kind: "state", value: { state: "loading", loaded, total } });
			controller.enqueue(chunk);
		},
	}));
}

// inflated returns a stream without its gzip packing, if it has one: some servers
// unpack files that end in .gz on the way.
async function inflated(stream) {
	const [head, body] = stream.tee();
	const reader = head.getReader();
	let start = new Uint8Array();
	for (let part = await reader.read(); !part.done && start.length < 2; part = await reader.read()) {
		start = new Uint8Array([...start, ...part.value.subarray(0, 2)]);
		if (start.length >= 2) break;
	}
	reader.cancel();
	const packed = start[0] === 0x1f && start[1] === 0x8b;
	return packed ? body.pipeThrough(new DecompressionStream("gzip")) : body;
}

async function load(name) {
	const url = new URL(name, import.meta.url);
	const response = await fetch(url);
	if (!response.ok) throw new Error(`${url} is not there: ${response.status} ${response.statusText}`);
	return response;
}

// What the Go program calls.
self.stride = {
	// ready hands over the functions call and cancel.
	ready(functions) {
		library = functions;
		post({ kind: "state", value: { state: "ready" } });
		for (const message of waiting.splice(0)) handle(message);
	},
	post(id, kind, value, transfer) { post({ id, kind, value }, transfer); },
	// fetch gives the bytes of a file of this folder.
	async fetch(name) { return new Uint8Array(await (await load(name)).arrayBuffer()); },
	// turn lets messages in, such as those that stop a call.
	turn() {
		return new Promise((resolve) => {
			const { port1, port2 } = new MessageChannel();
			port1.onmessage = () => { port1.close(); resolve(); };
			port2.postMessage(null);
		});
	},
};

async function run() {
	const go = new Go();
	const body = await inflated(counted(await load("book.wasm.gz")));
	const program = new Response(body, { headers: { "Content-Type": "application/wasm" } });
	const { instance } = await WebAssembly.instantiateStreaming(program, go.importObject);
	await go.run(instance);
	throw new Error("the program has ended; the console may say why");
}

run().catch((error) => post({ kind: "failed", value: `the library could not be run: ${error.message}` }));
