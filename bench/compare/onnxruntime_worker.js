// ONNX Runtime's side of bench/compare: reads one request a line from standard
// input, a JSON object whose "op" names a function of ops, and answers each
// with one line. It computes only while it owes an answer.
const fs = require('fs');
const readline = require('readline');

const install = 'install it with: npm install onnxruntime-node, and name its node_modules with --node-modules';

let ort, session, feeds;

function floats(path) {
  const b = fs.readFileSync(path);
  return new Float32Array(b.buffer, b.byteOffset, b.byteLength / 4).slice();
}

const ops = {
  // Says what is there, or what is missing.
  async hello() {
    try {
      ort = require('onnxruntime-node');
    } catch (e) {
      return {missing: `Node.js has no onnxruntime-node (${e.message.split('\n')[0]}): ${install}`};
    }
    return {versions: {'ONNX Runtime': ort.env.versions.node, 'Node.js': process.versions.node}};
  },

  async open(r) {
    session = await ort.InferenceSession.create(r.model, {
      intraOpNumThreads: r.threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
    });
    feeds = {x: new ort.Tensor('float32', floats(r.images), [r.batch, ...r.input])};
    return {};
  },

  // Writes what the network says of the images.
  async output(r) {
    const {y} = await session.run(feeds);
    fs.writeFileSync(r.path, Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
    return {};
  },

  async time(r) {
    for (let i = 0; i < r.warm; i++) await session.run(feeds);
    const seconds = [];
    for (let i = 0; i < r.steps; i++) {
      const began = performance.now();
      await session.run(feeds);
      seconds.push((performance.now() - began) / 1000);
    }
    return {seconds};
  },
};

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const request = JSON.parse(line);
    let answer;
    try {
      answer = await ops[request.op](request);
    } catch (e) {
      console.error(e);
      answer = {error: String(e)};
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
}

main();
